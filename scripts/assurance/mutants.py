"""Small faults put into the contracts one at a time: what the tests must notice.

Operators: a condition negated, made always true or always false (a removed `require` or `if … revert`); the boundary of a comparison
moved, the comparison turned round; an arithmetic, bitwise or logical operator swapped; a number changed by one, a boolean turned; a
statement deleted; a modifier (a role check) deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from scripts.assurance.instrument import Node, children, span

SWAPPED = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "%": ("*",),
    "&&": ("||",),
    "||": ("&&",),
    "&": ("|",),
    "|": ("&",),
    "<<": (">>",),
    ">>": ("<<",),
    "^": ("|",),
    "+=": ("-=",),
    "-=": ("+=",),
    "|=": ("&=",),
    "&=": ("|=",),
    "++": ("--",),
    "--": ("++",),
}
DELETED = {"ExpressionStatement", "EmitStatement", "RevertStatement"}


class Mutant(NamedTuple):
    """One fault: bytes `start` to `end` of a source become `replacement`."""

    source: str
    start: int
    end: int
    replacement: str
    operator: str
    line: int
    original: str

    @property
    def name(self) -> str:
        """A name that stays while the place and the fault stay."""
        told = f"{self.source} {self.start} {self.end} {self.replacement} {self.original}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def applied(self, text: str) -> str:
        """The source with the fault."""
        whole = text.encode()
        return (whole[: self.start] + self.replacement.encode() + whole[self.end :]).decode()


def mutants(source: str, text: str, syntax: Node) -> list[Mutant]:
    """All faults for one source, in order of place."""
    whole = text.encode()
    found = {
        (start, end, replacement): Mutant(
            source,
            start,
            end,
            replacement,
            operator,
            whole[:start].count(b"\n") + 1,
            " ".join(whole[start:end].decode().split()),
        )
        for start, end, replacement, operator in faults(syntax, whole)
        if whole[start:end].decode() != replacement
    }
    return [found[place] for place in sorted(found)]


Fault = tuple[int, int, str, str]


def faults(node: Node, whole: bytes) -> Iterator[Fault]:
    """Faults of a node and all below it. Assembly, error and event definitions and constants' types are left as they are."""
    kind = node.get("nodeType", "")
    if kind in {
        "InlineAssembly",
        "ErrorDefinition",
        "EventDefinition",
        "PragmaDirective",
        "ImportDirective",
        "StructuredDocumentation",
    }:
        return
    yield from of_conditions(kind, node, whole)
    yield from of_operators(kind, node, whole)
    yield from of_literals(kind, node, whole)
    yield from of_statements(kind, node, whole)
    for child in children(node):
        yield from faults(child, whole)


def of_conditions(kind: str, node: Node, whole: bytes) -> Iterator[Fault]:
    """A condition becomes its opposite, always true, always false."""
    condition = None
    if kind in {"IfStatement", "Conditional", "WhileStatement"}:
        condition = node["condition"]
    elif kind == "FunctionCall" and node["expression"].get("name") == "require":
        condition = node["arguments"][0]
    if condition is None:
        return
    start, end = span(condition)
    text = whole[start:end].decode()
    yield start, end, f"!({text})", "condition negated"
    if kind != "WhileStatement":
        yield start, end, f"({text}) || true", "condition always true"
    yield start, end, f"({text}) && false", "condition always false"


def of_operators(kind: str, node: Node, whole: bytes) -> Iterator[Fault]:
    """An operator becomes its neighbour or its opposite."""
    if kind == "BinaryOperation":
        left, right = span(node["leftExpression"])[1], span(node["rightExpression"])[0]
    elif kind == "Assignment" and node["operator"] != "=":
        left, right = span(node["leftHandSide"])[1], span(node["rightHandSide"])[0]
    elif kind == "UnaryOperation" and node["operator"] in {"++", "--"}:
        inner, outer = span(node["subExpression"]), span(node)
        left, right = (outer[0], inner[0]) if node["prefix"] else (inner[1], outer[1])
    else:
        return
    between = whole[left:right].decode()
    place = left + len(between[: between.find(node["operator"])].encode())
    for other in SWAPPED.get(node["operator"], ()):
        yield place, place + len(node["operator"]), other, f"{node['operator']} became {other}"


def of_literals(kind: str, node: Node, whole: bytes) -> Iterator[Fault]:
    """A number changes by one, a boolean turns."""
    if kind != "Literal":
        return
    start, end = span(node)
    text = whole[start:end].decode()
    if node["kind"] == "bool":
        yield start, end, "false" if text == "true" else "true", "boolean turned"
    elif node["kind"] == "number" and text.replace("_", "").isdigit():
        yield start, end, str(int(text.replace("_", "")) + 1), "number one more"


def of_statements(kind: str, node: Node, whole: bytes) -> Iterator[Fault]:
    """A statement, with the semicolon that its node leaves out, or a modifier disappears."""
    if kind in {"Block", "UncheckedBlock"}:
        for statement in node["statements"]:
            if statement["nodeType"] in DELETED:
                start, end = span(statement)
                yield start, whole.index(b";", end - 1) + 1, "", "statement deleted"
    elif kind == "FunctionDefinition" and node.get("kind") != "constructor":
        for modifier in node["modifiers"]:
            yield (*span(modifier), "", "modifier deleted")
