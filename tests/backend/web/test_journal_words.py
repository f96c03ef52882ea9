"""Every act that the platform may journal has words in both languages; pages and files show them beside the code, and filters know both."""

from __future__ import annotations

import ast
import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from backend.core.journal import record
from backend.core.permissions import Role
from backend.network.states import Kind
from backend.orders.states import WishKind
from backend.payouts.states import RunState
from backend.web.i18n import current_lang, english
from backend.web.labels import label
from backend.web.labels.journal import LABELS, acts_named

BACKEND = Path(__file__).resolve().parents[3] / "backend"
VALUES: dict[tuple[str, str], Iterable[StrEnum]] = {
    ("orders/secondary.py", "kind.value.lower()"): WishKind,
    ("payouts/execution.py", "state.value.lower()"): RunState,
    ("network/lists.py", "kind.value.lower()"): (Kind.ACCOUNT, Kind.NODE),
}
"""What an expression inside a built name may be, by the file it stands in."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
UNKNOWN = "thing.done_somehow"


class Module:
    """One file: the names that its calls of ``record`` may give."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(BACKEND).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.functions = [one for one in ast.walk(self.tree) if isinstance(one, Function)]

    def given(self, argument: str) -> Iterator[str]:
        """Names of acts (``action``) or of what they are done to (``entity``); fails on one that can't be told from the file."""
        for function in self.functions:
            for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
                if self._records(call):
                    (name,) = [one.value for one in call.keywords if one.arg == argument]
                    yield from self.values(name, function)

    def values(self, node: ast.expr, function: Function) -> set[str]:
        """What an expression inside a function may be."""
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp():
                return self.values(node.body, function) | self.values(node.orelse, function)
            case ast.JoinedStr():
                found = {""}
                for part in node.values:
                    inner = part.value if isinstance(part, ast.FormattedValue) else part
                    found = {start + end for start in found for end in self.values(inner, function)}
                return found
            case ast.Name(id=name) if name in self._parameters(function):
                return self._given(function, name)
            case ast.Name(id=name):
                return {text for one in self._assigned(function, name) for text in self.values(one, function)}
        known = VALUES.get((self.path, ast.unparse(node)))
        assert known, f"{self.path}:{node.lineno}: what may {ast.unparse(node)} be? Add it to VALUES"
        return {one.value.lower() for one in known}

    @staticmethod
    def _records(call: ast.Call) -> bool:
        return ast.unparse(call.func) in {"record", "journal.record"}

    @staticmethod
    def _parameters(function: Function) -> list[str]:
        return [one.arg for one in function.args.args + function.args.kwonlyargs]

    def _given(self, function: Function, name: str) -> set[str]:
        place, found = self._parameters(function).index(name), set()
        for caller in self.functions:
            for call in (one for one in ast.walk(caller) if isinstance(one, ast.Call)):
                if ast.unparse(call.func) == function.name:
                    named = [one.value for one in call.keywords if one.arg == name]
                    found |= self.values(named[0] if named else call.args[place], caller)
        assert found, f"{self.path}: nobody calls {function.name}"
        return found

    def _assigned(self, function: Function, name: str) -> list[ast.expr]:
        for scope in (ast.walk(function), iter(self.tree.body)):
            made = [one for one in scope if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == name]
            if made:
                return [one.value for one in made]
        raise AssertionError(f"{self.path}: where does {name} come from?")


def recorded(argument: str) -> set[str]:
    """Every act (``action``), or kind of record (``entity``), that the code may journal."""
    return {name for path in BACKEND.rglob("*.py") for name in Module(path).given(argument)}


@pytest.fixture
def journalled(client: Any, system_ctx: Any) -> dict[str, int]:
    """Three entries by their acts: two that have words, one from a version that this one knows nothing of."""
    with system_ctx() as ctx:
        acts = ("identity.case.submitted", "payouts.calculated", UNKNOWN)
        return {one: record(ctx, action=one, entity="thing", entity_id="journalled").seq for one in acts}


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_every_act_that_may_be_journalled_has_words() -> None:
    acts = recorded("action")
    assert {"identity.participant.blocked", "payouts.await_funding", "network.node.removed"} <= acts  # built ones too
    assert not sorted(acts - LABELS["journal_action"].keys())


def test_every_kind_of_record_has_words() -> None:
    kinds = recorded("entity")
    assert {"case", "payout", "wish", "network"} <= kinds
    assert kinds == LABELS["journal_entity"].keys()


@pytest.mark.parametrize("table", ["journal_action", "journal_entity"])
def test_the_words_tell_names_apart_in_both_languages(table: str) -> None:
    told = [one.text for one in LABELS[table].values()]
    assert not [one for one in told if one not in english()]
    assert len(set(told)) == len(told)
    assert len({english()[one] for one in told}) == len(told)


def test_an_unknown_act_is_its_code() -> None:
    assert label("journal_action", UNKNOWN).text == UNKNOWN


@pytest.mark.parametrize(
    ("lang", "words"),
    [("ru", ("Анкета подана", "Выплата рассчитана")), ("en", ("Application submitted", "Payout calculated"))],
)
def test_the_journal_shows_words_and_codes(
    journalled: dict[str, int], browser: Any, lang: str, words: tuple[str, str]
) -> None:
    auditor, administrator = browser(Role.AUDITOR), browser(Role.ADMINISTRATOR)
    pages = [
        auditor.get(f"/audit/journal?entity_id=journalled&lang={lang}").text,
        administrator.get(f"/office/journal?entity=thing&entity_id=journalled&lang={lang}").text,
    ]
    for page in pages:
        for action, told in zip(journalled, words, strict=False):
            assert told in page
            assert f"<code>{action}</code>" in page
        assert page.count(UNKNOWN) == 1
    for action, told in zip(journalled, (*words, UNKNOWN), strict=True):
        answer = auditor.get(f"/audit/journal/{journalled[action]}?lang={lang}")
        assert answer.status_code == 200
        assert told in answer.text
        assert action in answer.text


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("action=identity.case", {"identity.case.submitted"}),
        ("action=анкет", {"identity.case.submitted"}),
        ("action=РАССЧИТАНА выпл", {"payouts.calculated"}),
        ("action=thing", {UNKNOWN}),
        ("action=приснилось", set()),
        ("q=подана", {"identity.case.submitted"}),
        ("q=calculated", {"payouts.calculated"}),
        ("action=анкет&q=рассчитана", set()),
    ],
)
def test_entries_are_found_by_code_and_by_words(
    journalled: dict[str, int], browser: Any, wanted: str, found: set[str]
) -> None:
    file = browser(Role.AUDITOR).get(f"/audit/journal?entity_id=journalled&format=csv&{wanted}")
    assert {one["Действие"] for one in rows_of(file)} == found


def test_words_are_sought_in_the_readers_language() -> None:
    token = current_lang.set("en")
    try:
        assert "identity.case.submitted" in acts_named("application submitted")
        assert not acts_named("анкета")
    finally:
        current_lang.reset(token)
    assert "payouts.await_funding" in acts_named("ждет средств")
    assert not acts_named(" ")
    assert not acts_named(None)


def test_the_journal_is_filtered_by_the_kind_of_record_in_words(client: Any, system_ctx: Any, browser: Any) -> None:
    with system_ctx() as ctx:
        record(ctx, action="payouts.calculated", entity="payout", entity_id="kinds-1")
        record(ctx, action="identity.case.submitted", entity="case", entity_id="kinds-2")
    auditor = browser(Role.AUDITOR)
    page = auditor.get("/audit/journal?entity=payout").text
    assert '<option value="payout" selected>Выплата</option>' in page
    assert "kinds-1" in page
    assert "kinds-2" not in page
    # A kind that only an older or newer version knows stays chosen by its code, whatever it is.
    strange = auditor.get("/audit/journal?entity=<b>").text
    assert '<option value="&lt;b&gt;" selected>&lt;b&gt;</option>' in strange
    (one,) = rows_of(auditor.get("/audit/journal?entity_id=kinds-2&format=csv"))
    assert (one["Запись"], one["Запись словами"]) == ("case", "Анкета")


def test_a_file_has_the_code_and_the_words(journalled: dict[str, int], client: Any, browser: Any, sign_in: Any) -> None:
    wanted = "entity_id=journalled&format=csv"
    files = [
        browser(Role.AUDITOR).get(f"/audit/journal?{wanted}"),
        browser(Role.ADMINISTRATOR).get(f"/office/journal?entity=thing&{wanted}"),
        client.get(f"/api/v1/journal?{wanted}", headers=sign_in(Role.AUDITOR)),
    ]
    words = ("Анкета подана", "Выплата рассчитана", UNKNOWN)
    for file in files:
        told = {one["Действие"]: one["Действие словами"] for one in rows_of(file)}
        assert told == dict(zip(journalled, words, strict=True))
