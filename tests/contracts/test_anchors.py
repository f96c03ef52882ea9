"""Roots of the audit journal are anchored in sequence, by the operator only."""

import pytest

from tests.contracts.evm import refused
from tests.contracts.system import NO_HASH, OPERATOR, digest

JOURNAL, DOCUMENTS, REGISTERS = range(3)


def test_roots_follow_each_other_and_name_their_predecessor(anchors, people):
    first = anchors.anchor(JOURNAL, digest("one"), 1, 100, sender=people.operator).event("Anchored")
    second = anchors.anchor(JOURNAL, digest("two"), 101, 101, sender=people.operator).event("Anchored")

    assert (first.sequence, first.previous, first.firstEntry, first.lastEntry) == (1, NO_HASH, 1, 100)
    assert (second.sequence, second.previous, second.root) == (2, digest("one"), digest("two"))
    assert anchors.latest(JOURNAL) == {"sequence": 2, "root": digest("two"), "lastEntry": 101}


def test_each_kind_has_a_sequence_of_its_own(anchors, people):
    anchors.anchor(JOURNAL, digest("journal"), 1, 7, sender=people.operator)
    anchors.anchor(REGISTERS, digest("registers"), 1, 2, sender=people.operator)

    assert anchors.latest(DOCUMENTS) == {"sequence": 0, "root": NO_HASH, "lastEntry": 0}
    assert anchors.latest(REGISTERS).lastEntry == 2


@pytest.mark.parametrize("first", [0, 10, 12])
def test_a_gap_or_an_overlap_is_refused(anchors, people, first):
    anchors.anchor(JOURNAL, digest("one"), 1, 10, sender=people.operator)

    with refused("AnchorOutOfSequence", kind=JOURNAL, expectedFirst=11, givenFirst=first):
        anchors.anchor(JOURNAL, digest("two"), first, 20, sender=people.operator)


def test_nothing_is_anchored_without_a_root_or_an_entry(anchors, people):
    with refused("AnchorEmpty"):
        anchors.anchor(JOURNAL, NO_HASH, 1, 10, sender=people.operator)
    with refused("AnchorEmpty"):
        anchors.anchor(JOURNAL, digest("root"), 1, 0, sender=people.operator)


def test_only_the_operator_anchors(anchors, people):
    with refused("RoleRequired", who=people.admin1, role=OPERATOR):
        anchors.anchor(JOURNAL, digest("root"), 1, 1, sender=people.admin1)
