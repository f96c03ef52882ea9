"""ERC-1643 as its text has it: documents of an asset by name, each with an address, a hash and the time of its last change."""

from __future__ import annotations

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, refused
from tests.contracts.system import NO_HASH, System, digest
from tests.contracts.tokens import BOARD, make_token

DECISION, REPORT = b"decision".ljust(32, b"\0"), b"report".ljust(32, b"\0")


@pytest.fixture
def token(system: System) -> Contract:
    tokens.prepare(system)
    return make_token(system)


def test_a_document_is_set_told_and_read(token: Contract) -> None:
    """MUST emit DocumentUpdated; getDocument returns address, hash and the time of the last modification."""
    receipt = token.setDocument(DECISION, "https://example.org/решение.pdf", digest("v1"), sender=BOARD)
    facts = {"name": DECISION, "uri": "https://example.org/решение.pdf", "documentHash": digest("v1")}
    assert dict(receipt.event("DocumentUpdated")) == facts
    assert tuple(token.getDocument(DECISION)) == (facts["uri"], facts["documentHash"], receipt.timestamp)


def test_a_document_is_replaced_under_its_name(token: Contract) -> None:
    token.setDocument(DECISION, "a", digest("v1"), sender=BOARD)
    later = token.setDocument(DECISION, "b", digest("v2"), sender=BOARD)
    assert tuple(token.getDocument(DECISION)) == ("b", digest("v2"), later.timestamp)
    assert token.getAllDocuments() == [DECISION]


def test_a_removed_document_is_told_and_gone(token: Contract) -> None:
    """MUST emit DocumentRemoved with what was removed; the others stay."""
    for name in (DECISION, REPORT):
        token.setDocument(name, "a", digest("v1"), sender=BOARD)
    event = token.removeDocument(DECISION, sender=BOARD).event("DocumentRemoved")
    assert dict(event) == {"name": DECISION, "uri": "a", "documentHash": digest("v1")}
    assert tuple(token.getDocument(DECISION)) == ("", NO_HASH, 0)
    assert token.getAllDocuments() == [REPORT]


def test_what_is_not_there_is_empty_and_cannot_be_removed(token: Contract) -> None:
    """MUST throw if the document cannot be removed."""
    assert tuple(token.getDocument(REPORT)) == ("", NO_HASH, 0)
    with refused("DocumentUnknown", name=REPORT):
        token.removeDocument(REPORT, sender=BOARD)


def test_only_two_officers_change_documents(token: Contract, system: System) -> None:
    with refused("RoleRequired"):
        token.setDocument(DECISION, "a", digest("v1"), sender=system.people.moderator1)
