"""Contracts that tell which of their statements and branches ran: the sources with marks put in, compiled as the project compiles.

A mark reads the balance of an address of its own. That changes nothing a contract could notice but gas: neither memory, nor return
data, nor storage. The node's list of accounts that a transaction read (`prestateTracer`), reverted calls included, is then the list of
marks passed. For it `pure` becomes `view`.

Marked are every statement of a block, and both outcomes of every condition: of `if`, `while`, `for`, `?:`, `require`, of each operand
of `&&` and `||`, and of `if` in assembly. A body without braces needs no mark of its own: its condition's outcome is its mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from scripts import compile as project

BASE = 0xC0 << 152  # of the addresses that marks read; no account lies there
MARKER = "contracts/Cover.sol"
MARKER_SOURCE = f"""// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

function coverMark(uint256 n) view {{
    assembly ("memory-safe") {{
        if eq(balance(add({BASE}, n)), not(0)) {{ revert(0, 0) }}
    }}
}}

function coverBranch(uint256 n, bool outcome) view returns (bool) {{
    assembly ("memory-safe") {{
        if eq(balance(add({BASE}, add(n, outcome))), not(0)) {{ revert(0, 0) }}
    }}
    return outcome;
}}
"""
IMPORT = f'import {{coverBranch, coverMark}} from "{MARKER}";'
LOGICAL = {"&&", "||"}
LEAVING = {"revert", "return", "stop", "invalid"}

Node = dict[str, Any]


class Point(NamedTuple):
    """What a mark stands for."""

    number: int
    kind: str  # statement, or the outcome of a condition: true, false
    source: str
    contract: str
    line: int
    text: str
    start: int  # first byte in the source, and the one after the last
    end: int


class Instrumented(NamedTuple):
    """Sources with marks, and what the marks stand for."""

    sources: dict[str, str]
    points: list[Point]


def instrument(names: list[str], syntax: dict[str, Node], texts: dict[str, str]) -> Instrumented:
    """Put marks into the sources `names`; `syntax` and `texts` are the syntax tree and the text of each source."""
    sources, points = dict(texts), list[Point]()
    for name in names:
        marked = MarkedSource(name, texts[name], len(points))
        marked.walk(syntax[name], "")
        sources[name] = marked.text()
        points += marked.points
    sources[MARKER] = MARKER_SOURCE
    return Instrumented(sources, points)


class MarkedSource:
    """One source and the insertions that become its marks; positions count bytes, as the compiler's do."""

    def __init__(self, name: str, text: str, first: int) -> None:
        self.name, self.bytes, self.first = name, text.encode(), first
        self.points: list[Point] = []
        self._insertions: list[tuple[int, int, bytes]] = []  # position, order, text
        self._pure: list[tuple[int, int]] = []

    def walk(self, node: Node, contract: str) -> None:
        """Mark a node of the syntax tree and all below it; `contract` is the one around it."""
        kind = node.get("nodeType", "")
        if kind == "ContractDefinition":
            contract = str(node["name"])
        self._visit(kind, node, contract)
        if kind != "InlineAssembly":
            for child in children(node):
                self.walk(child, contract)

    def _visit(self, kind: str, node: Node, contract: str) -> None:
        if kind in {"Block", "UncheckedBlock"}:
            for statement in node["statements"]:
                self._mark_statement(statement, contract)
        elif kind == "FunctionDefinition" and node["stateMutability"] == "pure":
            end = span(node["body"])[0] if node.get("body") else span(node)[1]
            self._pure.append((span(node)[0], end))
        elif kind == "InlineAssembly":
            self._mark_assembly(node["AST"], contract)
        for condition in conditions(kind, node):
            self._mark_condition(condition, contract)

    def _mark_statement(self, statement: Node, contract: str) -> None:
        start, end = span(statement)
        number = self._point("statement", start, end, contract)
        self._insert(start, f"coverMark({number}); ")

    def _mark_condition(self, condition: Node, contract: str) -> None:
        start, end = span(condition)
        number = self._point("false", start, end, contract)
        self._point("true", start, end, contract)
        self._insert(start, f"coverBranch({number}, ")
        self._insert(end, ")", closing=True)

    def _mark_assembly(self, node: Node, contract: str) -> None:
        for part in [one for one in nodes(node) if one.get("nodeType") == "YulIf"]:
            (start, end), body = span(part["condition"]), part["body"]
            false = self._point("false", start, end, contract)
            true = self._point("true", start, end, contract)
            self._insert(span(body)[0] + 1, f" {yul_mark(true)} ")
            if leaves(body):
                self._insert(span(part)[1], f" {yul_mark(false)} ", closing=True)
            else:  # what doesn't leave must have a condition that may be asked twice: a name
                name = self.bytes[start:end].decode()
                if not name.isidentifier():
                    raise ValueError(f"{self.name}: a condition in assembly that can't be asked twice: {name}")
                self._insert(span(part)[0], f"if iszero({name}) {{ {yul_mark(false)} }} ")

    def _point(self, kind: str, start: int, end: int, contract: str) -> int:
        number = self.first + len(self.points)
        text = " ".join(self.bytes[start:end].decode().split())[:90]
        line = self.bytes[:start].count(b"\n") + 1
        self.points.append(Point(number, kind, self.name, contract, line, text, start, end))
        return number

    def _insert(self, position: int, text: str, *, closing: bool = False) -> None:
        """At one position, closings come first, the innermost of them first; then openings, the outermost first."""
        order = -1_000_000 - len(self._insertions) if closing else len(self._insertions)
        self._insertions.append((position, order, text.encode()))

    def text(self) -> str:
        """The source with its marks, its import of them, and without `pure`."""
        result = bytearray(self.bytes)
        for start, end in self._pure:
            header = bytes(result[start:end])
            result[start:end] = re.sub(rb"\bpure\b", b"view", header)  # as long as before
        for position, _, text in sorted(self._insertions, reverse=True):
            result[position:position] = text
        return re.sub(r"(pragma solidity [^;]+;)", rf"\1 {IMPORT}", result.decode(), count=1)


def conditions(kind: str, node: Node) -> Iterator[Node]:
    """Expressions below this very node whose outcome is a branch."""
    if kind in {"IfStatement", "WhileStatement", "DoWhileStatement", "ForStatement", "Conditional"}:
        if node.get("condition"):
            yield node["condition"]
    elif kind == "FunctionCall" and node["expression"].get("name") == "require":
        yield node["arguments"][0]
    elif kind == "BinaryOperation" and node["operator"] in LOGICAL:
        for side in (node["leftExpression"], node["rightExpression"]):
            if not (side.get("nodeType") == "BinaryOperation" and side["operator"] in LOGICAL):
                yield side


def yul_mark(number: int) -> str:
    """The mark as assembly. It reverts unlike any line of ours: two equal ends would be made one, and the mark with them nothing."""
    return f"if eq(balance({BASE + number}), not(0)) {{ revert(0, 1) }}"


def leaves(body: Node) -> bool:
    """Does a block of assembly end by leaving the function?"""
    last = body["statements"][-1] if body["statements"] else {}
    return last.get("nodeType") == "YulExpressionStatement" and last["expression"]["functionName"]["name"] in LEAVING


def children(node: Node) -> Iterator[Node]:
    """Nodes directly below a node."""
    for value in node.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and "nodeType" in one:
                yield one


def nodes(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for child in children(node):
        yield from nodes(child)


def span(node: Node) -> tuple[int, int]:
    """First byte of a node and the one after its last."""
    start, length, _ = (int(part) for part in node["src"].split(":"))
    return start, start + length


def parsed(request: dict[str, Any]) -> dict[str, Node]:
    """Syntax tree of every source of a compiler input."""
    settings = {**request["settings"], "outputSelection": {"*": {"": ["ast"]}}}
    output = project.run_compiler({**request, "settings": settings})
    return {name: source["ast"] for name, source in output["sources"].items()}
