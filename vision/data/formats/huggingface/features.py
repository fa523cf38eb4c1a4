"""The class names that a data set card gives to numbers: `class_label` in the head of its README.md."""

from __future__ import annotations

import posixpath
from typing import Any

from vision.data.report import Report
from vision.data.upload import Upload
from vision.errors import InvalidDocumentError
from vision.spec.documents import load_document

_MAX_CARD = 1 << 20
_RULE = "---"
_KINDS = ("dtype", "sequence", "list")  # where a feature says what its values are
_DIGITS = 10
ClassNames = dict[str, dict[int, str]]
"""By the name of a column, number to class name."""


def read_class_names(upload: Upload, base: str, report: Report) -> ClassNames:
    """From the README.md in the folder `base` or the nearest one above it; nothing where there is none."""
    while True:
        card = posixpath.join(base, "README.md")
        if card in upload:
            return _read_card(upload, card, report)
        if not base:
            return {}
        base = posixpath.dirname(base)


def _read_card(upload: Upload, card: str, report: Report) -> ClassNames:
    with upload.path(card).open("rb") as file:
        text = file.read(_MAX_CARD).decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.splitlines()
    if not lines or lines[0].strip() != _RULE or _RULE not in (line.strip() for line in lines[1:]):
        return {}
    end = next(number for number, line in enumerate(lines[1:], start=1) if line.strip() == _RULE)
    names: ClassNames = {}
    head = "\n".join(lines[1:end])
    try:
        if head.strip():
            _collect(load_document(head).get("dataset_info"), names)
    except InvalidDocumentError as error:
        message = f"The head of the file cannot be read, so numbers of classes stay numbers: {error}"
        report.warning("invalid_card", message, file=card)
    return names


def _collect(value: Any, names: ClassNames) -> None:
    """Every `{name: …, dtype: {class_label: {names: …}}}`, wherever it stands: a list, a struct, a configuration."""
    if isinstance(value, list):
        for one in value:
            _collect(one, names)
    elif isinstance(value, dict):
        kinds = [kind for key in _KINDS if isinstance(kind := value.get(key), dict)]
        label = next((kind["class_label"] for kind in kinds if isinstance(kind.get("class_label"), dict)), None)
        if label is not None and isinstance(value.get("name"), str):
            names.setdefault(value["name"], _number(label.get("names")))
        for one in value.values():
            _collect(one, names)


def _number(names: Any) -> dict[int, str]:
    """`{"0": "cat"}`, as cards have it, or a list."""
    pairs = names.items() if isinstance(names, dict) else enumerate(names) if isinstance(names, list) else ()
    return {int(key): str(name) for key, name in pairs if str(key).isdecimal() and len(str(key)) < _DIGITS}
