"""pydantic's findings in our words, each with its YAML path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vision.errors import Detail, InvalidDocumentError

Document = TypeVar("Document", bound=BaseModel)
_TRIED = re.compile(r"function-.*|literal\[.*|dict\[.*|str|int|float")
"""What pydantic adds to a place: which of several types it tried there."""


def validate(model: type[Document], values: dict[str, Any], title: str) -> Document:
    """`values` as a `model`.

    Raises:
        InvalidDocumentError: with one detail for each problem.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(title, list_problems(error, model)) from None


def invalid(title: str, problems: list[Detail]) -> InvalidDocumentError:
    """One error of all the problems; the message repeats the first, so that it alone already helps."""
    first = problems[0]
    more = f" ({len(problems)} problems in all)" if len(problems) > 1 else ""
    where = f"{first.path}: " if first.path else ""
    return InvalidDocumentError(f"{title} cannot be used. {where}{first.message}{more}", details=problems)


def list_problems(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[Detail]:
    """One detail for each finding."""
    return [_to_detail(item, model, prefix) for item in error.errors()]


def _to_detail(item: Any, model: type[BaseModel], prefix: str) -> Detail:
    kind, context = item["type"], item.get("ctx", {})
    places = [str(place) for place in item["loc"]]
    key = places.pop() if kind in ("missing", "extra_forbidden") else None  # it may be called like a type
    parts = [place for place in places if not _TRIED.fullmatch(place)] + ([] if key is None else [key])
    path = ".".join([*([prefix] if prefix else []), *parts]) or None
    if kind == "missing":
        return Detail("This key is required.", code="missing", path=path)
    if kind == "extra_forbidden":
        return unknown_key(parts[-1], _keys(model) if len(parts) == 1 else (), path)
    if kind == "value_error":
        return Detail(str(context["error"]), path=path)
    if "expected" in context:
        return Detail(f"Must be {context['expected']}, not {item['input']!r}.", path=path)
    message = item["msg"].replace("Input should be", "Must be")
    return Detail(f"{message}, not {_short(item['input'])}.", path=path)


def unknown_key(key: str, known: Iterable[str], path: str | None) -> Detail:
    """What to say of a key that no document of this kind has."""
    close = get_close_matches(key, list(known), n=1)
    return Detail(
        "There is no such key." + (f" Did you mean {close[0]}?" if close else ""), code="unknown_key", path=path
    )


def _keys(model: type[BaseModel]) -> list[str]:
    return [str(field.alias or name) for name, field in model.model_fields.items()]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
