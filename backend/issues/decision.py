"""An issuance decision from bytes or a mapping to immutable terms, and its canonical form and hash.

    bytes -> read_decision_yaml -> mapping -> validate_decision -> Decision -> canonical_json -> decision_hash

The hash is what the issuer signs and what the token carries, so it must not depend on how the document was typed: keys
are sorted, decimals are text without idle zeros beyond two, moments are Moscow time with the offset, absent fields and
fields that say null are the same, defaults are spelled out, and DEBT always says that acquired units are burnt.
"""

import hashlib
import json
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from backend.issues.decision_problems import DecisionInvalid, DecisionUnreadable, FieldProblem, problems_of
from backend.issues.decision_rules import check_rules
from backend.issues.decision_terms import VARIANTS, Decision, Terms, variant_name
from backend.issues.decision_yaml import read_decision_yaml

__all__ = [
    "Decision",
    "DecisionInvalid",
    "DecisionUnreadable",
    "FieldProblem",
    "canonical_json",
    "decision_from_yaml",
    "decision_hash",
    "read_decision_yaml",
    "validate_decision",
]


def validate_decision(data: dict[str, Any]) -> Decision:
    """Return the terms that ``data`` states; raise :class:`DecisionInvalid` with every field that is wrong."""
    try:
        decision, problems = Decision.model_validate(data), []
    except ValidationError as error:
        decision, problems = _draft(Decision, data), problems_of(error.errors(include_url=False))
    problems = check_rules(decision, problems)
    if problems:
        raise DecisionInvalid(problems)
    return decision.model_copy(update={"burn_on_issuer_acquire": decision.burns_on_issuer_acquire})


def decision_from_yaml(content: bytes) -> Decision:
    """Read and validate a YAML file; raise :class:`DecisionInvalid` (or its kind for a file that can't be read)."""
    return validate_decision(read_decision_yaml(content))


def canonical_json(decision: Decision) -> bytes:
    """Return the one UTF-8 text of the decision's meaning."""
    plain = _canonical(decision.model_dump(by_alias=True, exclude_none=True))
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def decision_hash(decision: Decision) -> str:
    """Return SHA-256 of the canonical text as ``0x`` and 64 hexadecimal digits."""
    return "0x" + hashlib.sha256(canonical_json(decision)).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _decimal_text(value: Decimal) -> str:
    whole, _, fraction = f"{value or value.copy_abs():f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def _draft(model: type[Terms], data: Any) -> Any:
    """Return as much of a refused section as can be read; rules that need the rest are skipped by their fields."""
    values: dict[str, Any] = {}
    content = data if isinstance(data, dict) else {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key not in content:
            if not field.is_required():
                values[name] = field.get_default(call_default_factory=True)
            continue
        try:
            values[name] = TypeAdapter(_annotated(field)).validate_python(content[key])
        except ValidationError:
            section = _section(key, field, content[key])
            if section is not None:
                values[name] = _draft(section, content[key])
    return model.model_construct(**values)


def _annotated(field: FieldInfo) -> Any:
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _section(key: str, field: FieldInfo, value: Any) -> type[Terms] | None:
    if key in VARIANTS:
        name = variant_name(key, value)
        return None if name is None else VARIANTS[key][name]
    return field.annotation if isinstance(field.annotation, type) and issubclass(field.annotation, Terms) else None
