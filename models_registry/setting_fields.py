"""The inference settings of a registered model as fields of a form, each with its meaning, range and default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from vision.spec.parameters import PARAMETERS, canonical_name
from vision.spec.settings import settings_model
from vision.spec.writing import write_value

_FIXED = frozenset({"model_size"})
_BOUNDS = (("ge", "from {}"), ("gt", "above {}"), ("le", "to {}"), ("lt", "to below {}"))


@dataclass(frozen=True)
class SettingField:
    """One setting: `text` is its value as typed, `options` what it is chosen of where these are few; one that
    `is_fixed` is shown only."""

    name: str
    text: str
    help: str
    options: tuple[str, ...] = ()
    is_fixed: bool = False
    is_whole: bool = False


def list_setting_fields(
    settings: Mapping[str, Any], architecture: str, task_type: str, typed: Mapping[str, str]
) -> list[SettingField]:
    """A field for each of `settings` that the architecture knows; it holds again what was `typed` and refused."""
    known = settings_model(architecture, task_type).model_fields
    return [
        SettingField(
            name,
            typed.get(name, write_value(value)),
            " ".join([_find_help(name), *_describe(known[name])]),
            () if name in _FIXED else _list_options(known[name]),
            name in _FIXED,
            known[name].annotation is int,
        )
        for name, value in settings.items()
        if name in known
    ]


def _find_help(name: str) -> str:
    """What the table of parameters says of it, where the spellings of settings are aliases."""
    parameter = canonical_name(name)
    return PARAMETERS.get(parameter).help if parameter else ""


def _describe(field: FieldInfo) -> list[str]:
    bounds = [
        words.format(getattr(limit, side))
        for side, words in _BOUNDS
        for limit in field.metadata
        if getattr(limit, side, None) is not None
    ]
    default = write_value(field.default)
    return ([f"{' '.join(bounds).capitalize()}."] if bounds else []) + ([f"Default {default}."] if default else [])


def _list_options(field: FieldInfo) -> tuple[str, ...]:
    if field.annotation is bool:
        return ("true", "false")
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
