"""What goes into the digest is written the same whichever library writes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.canonical import json_bytes

TIMES = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(codec=None, categories=None))  # lone surrogates too
LEAVES = st.none() | st.booleans() | st.integers() | st.integers(-(2**70), 2**256) | TEXTS | TIMES
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def standard(value: Any, by_name: bool) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=by_name, default=lambda one: one.isoformat()).encode()


@given(VALUES, st.booleans())
def test_the_bytes_are_those_of_the_standard_library(value: Any, by_name: bool) -> None:
    assert json_bytes(value, by_name=by_name) == standard(value, by_name)


@pytest.mark.parametrize(
    "value", ["\x7f", "Облигация", 2**256 - 1, datetime(2026, 9, 1, 12, 0, 0, 5, tzinfo=UTC), "\ud800", "a\x00\x1b\t/"]
)
def test_what_the_two_would_write_differently_is_written_alike(value: Any) -> None:
    assert json_bytes([value]) == standard([value], by_name=False)


def test_what_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes can't be written as JSON"):
        json_bytes({"data": b""})
