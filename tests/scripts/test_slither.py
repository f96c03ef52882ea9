"""The static analysis of the contracts fails for what it must fail for."""

from scripts.assurance import slither


def finding(impact="Low", **more):
    return {"impact": impact, "check": "timestamp", "description": "A.f() uses timestamp\n", "elements": [], **more}


def test_a_finding_above_informational_is_reported():
    assert slither.serious([finding(), finding("Informational")]) == ["Low: A.f() uses timestamp"]


def test_a_comment_that_switches_nothing_off_is_reported():
    ignores = [{"file": "contracts/A.sol", "line": 3}, {"file": "node_modules/@openzeppelin/Panic.sol", "line": 25}]

    assert slither.unused([finding("Informational", unused_ignores=ignores)]) == [
        "contracts/A.sol:3: slither-disable without effect"
    ]


def test_a_comment_needs_a_reason():
    lines = [
        "// slither-disable-next-line timestamp",
        "// slither-disable-start timestamp -- why",
        "// slither-disable-next-line timestamp,calls-loop -- terms are days",
        "// slither-disable-end timestamp",
    ]
    request = {"sources": {"contracts/A.sol": {"content": "\n".join(lines)}}}

    assert [problem.split(": ")[0] for problem in slither.unreasoned(request)] == [
        "contracts/A.sol:1",
        "contracts/A.sol:2",
    ]


def test_sources_of_libraries_need_no_reason_of_ours():
    request = {"sources": {"@openzeppelin/A.sol": {"content": "// slither-disable-next-line all"}}}

    assert slither.unreasoned(request) == []
