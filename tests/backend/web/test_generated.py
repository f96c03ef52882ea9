"""Files written from the code are fresh: texts, the API's description, the table of rights, the database's history."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from backend.migrate import is_current
from backend.migrations.tables import metadata, model_modules
from backend.web.i18n import english
from scripts import i18n, openapi, permissions

ROOT = Path(__file__).resolve().parents[3]


def test_every_text_has_an_english_translation() -> None:
    missing = {text: places[0] for text, places in i18n.texts_in_code().items() if text not in english()}
    assert missing == {}


def test_the_description_of_the_api_is_checked_in() -> None:
    assert openapi.DOCUMENT.read_text(encoding="utf-8") == openapi.description()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_route_answers_every_role_as_the_table_of_rights_says() -> None:
    expected = permissions.DOCUMENT.read_text(encoding="utf-8").splitlines()
    found = permissions.document().splitlines()
    assert [line for line in found if line not in expected] == []
    assert [line for line in expected if line not in found] == []


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    assert is_current(engine)


def test_no_table_is_defined_where_the_migrations_would_not_find_it() -> None:
    known = {name.replace(".", "/") for name in model_modules()}
    places = [
        path.relative_to(ROOT).with_suffix("").as_posix()
        for package in ("backend", "indexer")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"^class \w+\(SQLModel, table=True", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    strays = [place for place in places if not any(place == one or place.startswith(one + "/") for one in known)]
    assert strays == []
    assert metadata.tables
