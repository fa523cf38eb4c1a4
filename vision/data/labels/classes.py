"""Labels of whole images."""

from __future__ import annotations

from typing import Any

import msgspec

from vision.data.labels.base import UNLABELLED, InvalidLabelError, LabelCell, check_name, describe
from vision.data.limits import ImportLimits

_encode = msgspec.json.Encoder().encode


def read_class_name(cell: Any, limits: ImportLimits) -> LabelCell:
    """Multi-class: one class name. A number or a list of one name is repaired.

    Raises:
        InvalidLabelError: no name, several, or one that is no text.
    """
    repairs: list[str] = []
    if isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
        repairs.append("A list of one name was taken as the name.")
    if cell is None or cell == []:
        return UNLABELLED
    if isinstance(cell, (list, dict, bool)):
        found = f"{len(cell)} of them" if isinstance(cell, list) else describe(cell)
        raise InvalidLabelError(f"A multi-class label is one class name, not {found}.")
    name = check_name(cell, limits, repairs)
    return LabelCell((name,), _encode(name).decode(), repairs=tuple(repairs))


def read_class_names(cell: Any, limits: ImportLimits) -> LabelCell:
    """Multi-label: a list of class names, each once. One name outside a list is repaired, as is a name said twice.

    Raises:
        InvalidLabelError: anything that is no name.
    """
    repairs: list[str] = []
    if cell is None:
        return UNLABELLED
    if isinstance(cell, (str, int, float)) and not isinstance(cell, bool):
        cell = [cell]
        repairs.append("One name was taken as a list of one name.")
    if not isinstance(cell, list):
        raise InvalidLabelError(f"A multi-label cell is a list of class names, not {describe(cell)}.")
    names = [check_name(name, limits, repairs) for name in cell]
    unique = tuple(dict.fromkeys(names))
    if len(unique) < len(names):
        repairs.append("A name that stood there twice was taken once.")
    return LabelCell(unique, _encode(unique).decode(), repairs=tuple(repairs))
