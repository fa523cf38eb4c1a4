"""The import settings as form fields, drawn from the model that checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vision.data.options import ImportSettings
from vision.spec.writing import write_value

_SCHEMA: dict[str, dict[str, Any]] = ImportSettings.model_json_schema()["properties"]
_YES_NO = [{"value": "true", "title": "yes"}, {"value": "false", "title": "no"}]


def draw_settings(given: Mapping[str, str]) -> list[dict[str, Any]]:
    """One entry a setting: `choices` for a select, else `type` and `attributes` of an input."""
    return [_draw(name, schema, given.get(name, "")) for name, schema in _SCHEMA.items()]


def is_any_given(given: Mapping[str, str]) -> bool:
    """Whether a form sets one of them to other than its default."""
    return any(given.get(name, "") not in ("", write_value(schema.get("default"))) for name, schema in _SCHEMA.items())


def to_texts(options: Mapping[str, Any]) -> dict[str, str]:
    """Settings as a form shows them, defaults where there are none."""
    return {name: write_value(options.get(name, schema.get("default"))) for name, schema in _SCHEMA.items()}


def _draw(name: str, schema: dict[str, Any], given: str) -> dict[str, Any]:
    kinds = [schema, *schema.get("anyOf", [])]
    facts = {key: value for kind in kinds for key, value in kind.items()}
    default = write_value(schema.get("default"))
    drawn = {"name": name, "title": facts["title"], "description": facts.get("description", ""), "default": default}
    if "enum" in facts:
        choices = [{"value": value, "title": value.replace("_", " ")} for value in facts["enum"]]
        return drawn | {"choices": choices, "value": given or default}
    types = {kind.get("type") for kind in kinds}
    if "boolean" in types:
        return drawn | {"choices": _YES_NO, "value": given or default}
    is_number = bool(types & {"integer", "number"})
    return drawn | {"value": given, "type": "number" if is_number else "text", "attributes": _bounds(facts, types)}


def _bounds(facts: Mapping[str, Any], types: set[Any]) -> dict[str, Any]:
    limits = {"min": facts.get("minimum"), "max": facts.get("maximum"), "maxlength": facts.get("maxLength")}
    if "exclusiveMaximum" in facts and "integer" in types:
        limits["max"] = facts["exclusiveMaximum"] - 1
    step = {"step": "any"} if "number" in types else {}
    return {key: value for key, value in limits.items() if value is not None} | step
