"""The application of a participant, one form for investors and issuers: fill in, attach documents, hand in, correct, take back.

What a field must be is checked by ``identity.schemas``; the page keeps whatever was typed and shows each problem and each remark beside its field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.responses import Response

from backend.core.errors import DomainError, Invalid
from backend.identity import service as identity
from backend.identity.schemas import FORMS
from backend.identity.service import ApplicantKind, CaseState, CaseView
from backend.identity.states import EDITABLE, REJECT_WORDS, RejectReason
from backend.web.deps import Form, Page, PageContext
from backend.web.forms import Form as FormContent
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.labels import label
from backend.web.refusing import KeptRefusal
from backend.web.routing import page_router

router = page_router()

PORTALS = ("investor", "issuer")
OWNER_ROWS = 4
"""Rows for beneficial owners; more than 25 per cent each, so there can be no more than three and one to spare."""
_FLAGS = frozenset({"consent_personal_data", "consent_rules", "tax_resident"})
_SERVICE = frozenset({"csrf_token", "idempotency_key", "form_page", "totp_code", "case_id", "then", "document_kind"})
DOCUMENTS: dict[ApplicantKind, tuple[str, ...]] = {
    ApplicantKind.PERSON: ("passport", "other"),
    ApplicantKind.SOLE_TRADER: ("passport", "egrul", "accounts", "other"),
    ApplicantKind.ORGANISATION: ("charter", "egrul", "appointment", "owners", "accounts", "power", "other"),
}

TITLES: dict[str, str] = {
    "last_name": mark("Фамилия"),
    "first_name": mark("Имя"),
    "patronymic": mark("Отчество"),
    "birth_date": mark("Дата рождения"),
    "birth_place": mark("Место рождения"),
    "citizenship": mark("Гражданство"),
    "inn": mark("ИНН"),
    "snils": mark("СНИЛС"),
    "ogrn": mark("ОГРН"),
    "ogrnip": mark("ОГРНИП"),
    "kpp": mark("КПП"),
    "okved": mark("Вид деятельности"),
    "series": mark("Серия"),
    "number": mark("Номер"),
    "issued_by": mark("Кем выдан"),
    "issued_on": mark("Дата выдачи"),
    "department_code": mark("Код подразделения"),
    "address": mark("Адрес"),
    "phone": mark("Телефон"),
    "tax_resident": mark("Налоговый резидент России"),
    "bic": mark("БИК банка"),
    "account": mark("Номер счёта"),
    "source_of_funds": mark("Источник средств"),
    "purpose": mark("Цель"),
    "full_name": mark("Наименование или имя"),
    "short_name": mark("Сокращённое наименование"),
    "registered_on": mark("Дата регистрации"),
    "position": mark("Должность"),
    "basis": mark("Основание полномочий"),
    "valid_until": mark("Полномочия до"),
    "share_percent": mark("Доля, %"),
    "no_owner_reason": mark("Почему нет владельцев"),
}


def show(page: Page) -> Response:
    """Where the application stands, and its form while it may be edited."""
    found = identity.mine(page.ctx)
    if found is None or found.case.state == CaseState.WITHDRAWN:
        return page.render("onboarding/start.html", home=_home(page), earlier=found)
    return page.render("onboarding/case.html", **_view(page, found))


def status(page: Page) -> Response:
    """The part that keeps itself fresh."""
    found = identity.mine(page.ctx)
    if found is None:
        return page.render("onboarding/_none.html")
    return page.render("onboarding/_status.html", **_view(page, found))


def start(page: Page, form: Form) -> Response:
    """Choose who applies."""
    try:
        kind = ApplicantKind(form.get("kind"))
    except ValueError as error:
        raise Invalid("Выберите, кто подаёт анкету.", "Choose who applies.", field="kind") from error
    identity.start(page.ctx, kind, {})
    return page.redirect(_home(page), toast=_("Анкета начата. Заполнять можно в несколько приёмов."))


def save(page: Page, form: Form) -> Response:
    """Keep what was typed, whichever button was pressed: hand in, attach a document, take one away, or just save."""
    case, then = _case_id(page), form.get("then")
    identity.save(page.ctx, case, nested(form))
    if then == "submit":
        return _submit(page, case)
    if then == "attach":
        with _kept():
            return _attach(page, form, case)
    if then.startswith("remove:"):
        return _detach(page, case, then.removeprefix("remove:"))
    return page.redirect(_home(page), toast=_("Черновик сохранён."))


def document(page: Page, file_id: str) -> Response:
    """An own document, shown by the browser and never run (CSP)."""
    stored, data = identity.own_file(page.ctx, file_id)
    return Response(data, media_type=stored.media_type, headers={"Content-Disposition": "inline"})


def withdraw(page: Page, form: Form) -> Response:
    """Take the application back."""
    del form
    identity.withdraw(page.ctx, _case_id(page))
    return page.redirect(_home(page), toast=_("Анкета отозвана. Её можно подать заново."))


for _portal in PORTALS:
    _path = f"/{_portal}/onboarding"
    router.add_api_route(_path, show, methods=["GET"])
    router.add_api_route(f"{_path}/status", status, methods=["GET"])
    router.add_api_route(f"{_path}/start", start, methods=["POST"])
    router.add_api_route(f"{_path}/save", save, methods=["POST"])
    router.add_api_route(f"{_path}/withdraw", withdraw, methods=["POST"])
    router.add_api_route(f"{_path}/files/{{file_id}}", document, methods=["GET"])


# --- between flat fields and the nested form ---------------------------------------------------------------------------


def nested(form: FormContent) -> dict[str, Any]:
    """Fields named by dotted paths (``passport.series``, ``owners.0.full_name``) as the form of an application; empty texts are left out."""
    content: dict[str, Any] = {}
    for name, texts in form.values.items():
        text = texts[-1].strip()
        if name in _SERVICE or not text:
            continue
        value: Any = True if name in _FLAGS else text
        *parents, leaf = name.split(".")
        at = content
        for parent in parents:
            at = at.setdefault(parent, {})
        at[leaf] = value
    owners = content.get("owners")
    if isinstance(owners, dict):
        content["owners"] = [owners[number] for number in sorted(owners)]
    if "tax_resident" in form.values or content.get("consent_personal_data"):
        content.setdefault("tax_resident", False)
    return content


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The nested form as dotted paths with texts."""
    found: dict[str, str] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found.update(flat(value, f"{name}."))
        elif isinstance(value, list):
            for number, one in enumerate(value):
                found.update(
                    flat(one, f"{name}.{number}.") if isinstance(one, Mapping) else {f"{name}.{number}": str(one)}
                )
        elif isinstance(value, bool):
            found[name] = "on" if value else ""
        elif value is not None:
            found[name] = str(value)
    return found


def _in_order(values: dict[str, str]) -> dict[str, str]:
    """As the form asks: own fields first, then its sections, each in the order of :data:`TITLES`."""
    order = list(TITLES)

    def place(name: str) -> tuple[bool, str, int]:
        parent, _dot, leaf = name.rpartition(".")
        return bool(parent), parent, order.index(leaf) if leaf in order else len(order)

    return dict(sorted(values.items(), key=lambda item: place(item[0])))


@contextmanager
def _kept() -> Iterator[None]:
    """What was typed stays saved when the rest is refused."""
    try:
        yield
    except DomainError as error:
        raise KeptRefusal(error) from error


def _submit(page: PageContext, case_id: str) -> Response:
    with _kept():
        identity.submit(page.ctx, case_id)
    return page.redirect(_home(page), toast=_("Анкета отправлена на проверку."))


def _attach(page: PageContext, form: FormContent, case_id: str) -> Response:
    found = form.file("file")
    if found is None:
        raise Invalid("Выберите файл.", "Choose a file.", field="file")
    identity.attach(page.ctx, case_id, form.get("document_kind"), found.filename, found.data)
    return page.redirect(f"{_home(page)}#documents", toast=_("Документ приложен."))


def _detach(page: PageContext, case_id: str, file_id: str) -> Response:
    identity.detach(page.ctx, case_id, file_id)
    return page.redirect(f"{_home(page)}#documents", toast=_("Документ убран."))


def _view(page: PageContext, found: CaseView) -> dict[str, Any]:
    case, lang = found.case, page.ctx.lang
    latest = max((one.version for one in found.remarks), default=0)
    remarks = [one for one in found.remarks if one.version == latest]
    reason = REJECT_WORDS.get(RejectReason(case.reject_reason)) if case.reject_reason else None
    wanted = len(flat_names(case.kind))
    missing = {one.field for one in found.problems}
    return {
        "home": _home(page),
        "found": found,
        "case": case,
        "kind": case.kind.value,
        "values": _in_order(flat(found.form)),
        "editable": case.state in EDITABLE,
        "problems": [(one.field, one.text(lang)) for one in found.problems],
        "remarks": remarks,
        "remark_of": {one.field: one.text for one in remarks} if case.state in EDITABLE else {},
        "reason": (reason[0] if lang == "ru" else reason[1]) if reason else "",
        "done": max(0, wanted - len(missing)),
        "wanted": wanted,
        "titles": TITLES,
        "document_choices": [(one, _(label("document_kind", one).text)) for one in DOCUMENTS[case.kind]],
        "owner_rows": OWNER_ROWS,
        "steps": _steps(found),
        "participant": identity.own(page.ctx) if page.actor.participant_id else None,
    }


def flat_names(kind: ApplicantKind) -> list[str]:
    """Required fields of a form, nested ones by their own names."""
    names: list[str] = []
    for name, info in FORMS[kind].model_fields.items():
        inner = getattr(info.annotation, "model_fields", None)
        if inner:
            names += [f"{name}.{one}" for one, field in inner.items() if field.is_required()]
        elif info.is_required():
            names.append(name)
    return names


def _steps(found: CaseView) -> list[tuple[str, Any, str, str]]:
    """Items of the timeline: title, moment, text, state."""
    case, state = found.case, found.case.state
    filed = case.submitted_at is not None
    checking = state in {CaseState.SUBMITTED, CaseState.IN_REVIEW}
    items = [
        (_("Анкета начата"), case.created_at, "", "done"),
        (_("Отправлена на проверку"), case.submitted_at, "", "done" if filed else "now"),
    ]
    if state == CaseState.NEED_INFO:
        return [*items, (_("Нужны исправления"), None, _("Ответьте на замечания и отправьте анкету снова."), "now")]
    if state == CaseState.REJECTED:
        return [*items, (_("Отказано"), case.decided_at, _("Исправьте причину и подайте анкету снова."), "failed")]
    checked = _("Автоматические проверки и проверка сотрудником; обычно до одного рабочего дня.")
    items.append(
        (_("Проверка"), None, checked if checking else "", "now" if checking else "done" if _after(state) else "next")
    )
    if state == CaseState.ADMITTING:
        items.append((_("Допуск записывается в реестр"), None, _("Обычно это несколько секунд."), "now"))
    words = _("Можно пополнять счёт и подавать заявки.") if case.portal == "investor" else _("Можно готовить выпуски.")
    admitted = state == CaseState.APPROVED
    return [
        *items,
        (_("Вы — участник системы"), case.decided_at if admitted else None, words, "done" if admitted else "next"),
    ]


def _after(state: CaseState) -> bool:
    return state in {CaseState.ADMITTING, CaseState.APPROVED}


def _home(page: PageContext) -> str:
    return f"/{page.portal}/onboarding"


def _case_id(page: PageContext) -> str:
    found = identity.mine(page.ctx)
    if found is None:
        raise Invalid("Сначала начните анкету.", "Begin an application first.", field="kind")
    return found.case.id
