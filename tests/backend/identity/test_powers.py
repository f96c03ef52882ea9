"""Who signs for an organisation, until when, and what follows when the powers have ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.identity import service as identity
from backend.identity.errors import PowersEnded
from backend.identity.powers import require_powers
from backend.identity.service import ApplicantKind, Participant, Powers
from tests.backend.conftest import ContextMaker
from tests.backend.identity.forms import ORGANISATION, PERSON, changed
from tests.backend.identity.test_life import approve, handed_in
from tests.backend.identity.test_retention import At
from tests.factories.chain import write_deployment

UNTIL = date(2029, 5, 12)
NEW = Powers("Петров Пётр Петрович", "Генеральный директор", "Решение № 7 от 01.05.2029", date(2032, 5, 12), "ab" * 32)


@pytest.fixture
def officer(ctx_for: ContextMaker) -> Context:
    return replace(ctx_for(Role.COMPLIANCE_OFFICER), clock=At(2026, 11, 21))


@pytest.fixture
def plant(ctx_for: ContextMaker, officer: Context) -> Participant:
    """An organisation admitted with powers until 12.05.2029."""
    issuer = replace(ctx_for(Role.ISSUER_SIGNER), clock=At(2026, 11, 21))
    write_deployment(issuer.settings)
    handed_in(issuer, changed(ORGANISATION, signer__valid_until=UNTIL.isoformat()), ApplicantKind.ORGANISATION)
    case = approve(issuer, officer)[0].case
    return identity.participant(officer, str(case.participant_id))


def on(ctx: Context, year: int, month: int, day: int) -> Context:
    return replace(ctx, clock=At(year, month, day))


def test_the_application_names_the_first_powers(officer: Context, plant: Participant) -> None:
    powers = identity.powers_of(officer, plant)
    assert powers is not None
    assert (powers.valid_until, powers.position) == (UNTIL, ORGANISATION["signer"]["position"])
    assert [one.number for one in identity.signers(officer, PageRequest()).items] == [plant.number]


def test_nothing_is_signed_after_the_last_day(officer: Context, plant: Participant) -> None:
    require_powers(on(officer, 2029, 5, 12), plant)
    with pytest.raises(PowersEnded):
        require_powers(on(officer, 2029, 5, 13), plant)


def test_new_powers_open_the_way_again(officer: Context, plant: Participant) -> None:
    later = on(officer, 2029, 5, 20)
    identity.renew_powers(later, plant.id, NEW)
    require_powers(later, plant)
    assert identity.powers_of(later, plant) == NEW


@pytest.mark.parametrize(
    ("powers", "field"),
    [
        (replace(NEW, name=" "), "name"),
        (replace(NEW, basis=""), "basis"),
        (replace(NEW, position="х" * 301), "position"),
        (replace(NEW, valid_until=date(2026, 11, 20)), "valid_until"),
    ],
)
def test_powers_that_do_not_hold_are_refused_by_field(
    officer: Context, plant: Participant, powers: Powers, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        identity.renew_powers(officer, plant.id, powers)
    assert refused.value.field == field


def test_only_compliance_enters_powers(plant: Participant, ctx_for: ContextMaker) -> None:
    with pytest.raises(Forbidden):
        identity.renew_powers(ctx_for(Role.KYC_OFFICER), plant.id, NEW)


def test_a_person_has_no_signer(officer: Context, ctx_for: ContextMaker) -> None:
    anna = replace(ctx_for(Role.INVESTOR), clock=At(2026, 11, 21))
    write_deployment(anna.settings)
    handed_in(anna, PERSON)
    row = identity.participant(officer, str(approve(anna, officer)[0].case.participant_id))
    assert identity.powers_of(officer, row) is None
    require_powers(officer, row)
    with pytest.raises(Invalid):
        identity.renew_powers(officer, row.id, NEW)


def test_the_name_of_the_signer_is_sealed(officer: Context, plant: Participant) -> None:
    rows = officer.session.connection().execute(text("SELECT * FROM signer_powers")).all()
    assert rows
    assert ORGANISATION["signer"]["last_name"] not in str(rows)
