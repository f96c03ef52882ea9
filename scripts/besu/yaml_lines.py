"""Where in a YAML file a value stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Way to a value: keys of mappings and numbers in lists, as Pydantic's ``loc``."""


class ConfigInvalidError(Exception):
    """network.yaml is refused; ``problems`` are sentences of the form ``file:line: field: reason``."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value at a place."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML file with the line of every value."""

    path: Path
    root: yaml.Node | None
    value: Any

    def refuse(self, problems: Sequence[Problem]) -> ConfigInvalidError:
        """The refusal, problems in order of their lines."""
        lined = sorted(((self.line(one.place), one) for one in problems), key=lambda pair: pair[0])
        return ConfigInvalidError([f"{self.path}:{line}: {dotted(one.place)}: {one.reason}" for line, one in lined])

    def line(self, place: Place) -> int:
        """Line of the value at a place, or of the nearest thing around it that exists, counted from 1."""
        node, found = self.root, 1
        for step in place:
            if node is None:
                break
            key, node = _child(node, step)
            if key is not None:
                found = key.start_mark.line + 1
        return found


def read_yaml(path: Path) -> Source:
    """Read a file; ConfigInvalidError when it is no YAML, has a key twice, or isn't there."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigInvalidError([f"{path}: can't be read: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigInvalidError([f"{path}: is not UTF-8 text"]) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigInvalidError([f"{path}:{line}: not YAML: {error.problem}"]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigInvalidError([f"{path}:1: not YAML: {error}"]) from error
    source = Source(path, root, value)
    if root is not None and (twice := list(_twice(root, ()))):
        raise source.refuse(twice)
    return source


def dotted(place: Place) -> str:
    """A place as people write it: ``validators[2].p2p_port``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".") or "the file"


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The node that carries the line, and the value."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None


def _twice(node: yaml.Node, place: Place) -> Iterator[Problem]:
    """Keys that stand twice in one mapping: YAML's reader would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if key.value in seen:
                lines = f"lines {seen[key.value]} and {key.start_mark.line + 1}"
                yield Problem((*place, key.value), f"stands twice ({lines})")
            seen[key.value] = key.start_mark.line + 1
            yield from _twice(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _twice(value, (*place, number))
