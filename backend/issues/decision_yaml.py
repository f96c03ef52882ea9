"""Reading a decision from YAML as a stranger sent it.

Only plain YAML is taken: text, whole numbers, true/false, null, lists and mappings. Dates and decimals stay text, so
that the terms decide what they are; aliases, tags, repeated keys, deep nesting and large files are refused with a line.
"""

import re
from typing import Any, Final

import yaml
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node

from backend.core import texts
from backend.issues.decision_problems import DecisionInvalid, DecisionUnreadable, FieldProblem

__all__ = ["MAX_BYTES", "read_decision_yaml"]

MAX_BYTES: Final = 64 * 1024
_MAX_DEPTH: Final = 12
_PLAIN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "bool", "null", "map", "seq"))


class _Refused(yaml.MarkedYAMLError):
    """A construct that a decision may not use."""


class _Loader(yaml.SafeLoader):
    """The safe loader without floats, timestamps, octal or base-60 numbers, aliases and tags."""

    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave the parser untyped
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                problem="ссылки и якоря не допускаются|aliases and anchors are not allowed",
                problem_mark=event.start_mark,
            )
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _Refused(problem="слишком глубокая вложенность|nested too deeply", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if node is not None and node.tag not in _PLAIN_TAGS:
            raise _Refused(problem="теги не допускаются|tags are not allowed", problem_mark=node.start_mark)
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key.value, str) else ""
            if not name or name in seen or key.tag != "tag:yaml.org,2002:str":
                text = f"ключ «{name}» повторён или не является текстом|key '{name}' is repeated or is not text"
                raise _Refused(problem=text, problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def _plain_resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    whole = re.compile(r"^(?:0|-?[1-9][0-9]{0,40})$")
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for first in "-0123456789":
        table[first] = [("tag:yaml.org,2002:int", whole)]
    for first in "tTfF":
        table[first] = [("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"))]
    for first in ("~", "n", "N", ""):
        table[first] = [("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"))]
    return table


_Loader.yaml_implicit_resolvers = _plain_resolvers()


def read_decision_yaml(content: bytes) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; raise :class:`DecisionUnreadable` with the line otherwise."""
    if len(content) > MAX_BYTES:
        raise DecisionUnreadable("too_large", "Файл больше 64 КиБ.", "The file is larger than 64 KiB.")
    try:
        data = yaml.load(content.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506  (the loader above is a SafeLoader)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DecisionUnreadable("encoding", "Файл не в кодировке UTF-8.", "The file is not UTF-8.", line) from error
    except yaml.YAMLError as error:
        raise _unreadable(error) from error
    if not isinstance(data, dict):
        raise DecisionUnreadable("not_a_mapping", "В файле нет полей решения.", "The file has no fields of a decision.")
    wrong = texts.unstorable(texts.texts_in(data))
    if wrong:
        raise DecisionInvalid([FieldProblem(name, texts.CODE, texts.RU, texts.EN) for name in wrong])
    return data


def _unreadable(error: yaml.YAMLError) -> DecisionUnreadable:
    mark = getattr(error, "problem_mark", None)
    line = None if mark is None else mark.line + 1
    if isinstance(error, _Refused):
        ru, _, en = str(error.problem).partition("|")
        return DecisionUnreadable("yaml_refused", ru[0].upper() + ru[1:] + ".", en.capitalize() + ".", line)
    return DecisionUnreadable("yaml", "Ошибка записи YAML.", "The YAML is malformed.", line)
