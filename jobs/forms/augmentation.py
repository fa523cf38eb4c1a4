"""`augmentations` as a strength and one switch for each change, in place of its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.forms.option import Option
from vision.spec.augmentations import PRESETS, SWITCHES, AugmentationChoice, choose_augmentations, read_augmentations

FIELD = "training_parameters.augmentations"
_PREFIX = "augmentations."
PRESET = f"{_PREFIX}preset"
SWITCH_FIELDS = {f"{_PREFIX}{name}": name for name in SWITCHES}
_TITLES = {
    "standard": "Standard",
    "light": "Light: few images that look alike",
    "strong": "Strong: long training, few images",
    "none": "None",
}


@dataclass(frozen=True)
class Control:
    """A strength or a switch as a select; `hint` says what the change is."""

    name: str
    title: str
    hint: str
    options: tuple[Option, ...]

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


def show_augmentations(text: str) -> dict[str, str]:
    """What the controls show for a value; one that cannot be read stands where the strength does."""
    try:
        choice = choose_augmentations({"augmentations": text})
    except ValueError:
        return {PRESET: text, **dict.fromkeys(SWITCH_FIELDS, "")}
    switches = {field: _write(choice.switches.get(name)) for field, name in SWITCH_FIELDS.items()}
    is_named = bool(text) and (not choice.switches or choice.preset != AugmentationChoice().preset)
    return {PRESET: choice.preset if is_named else "", **switches}


def read_controls(given: Mapping[str, str]) -> dict[str, str]:
    """The given fields with the value that the controls make together, where they are among them."""
    fields = dict(given)
    if PRESET not in fields:
        return fields
    preset = fields[PRESET].strip()
    switches = {name: fields[field] == "true" for field, name in SWITCH_FIELDS.items() if fields.get(field)}
    if switches and preset in ("", *PRESETS):
        fields[FIELD] = read_augmentations(json.dumps({**({"preset": preset} if preset else {}), **switches}))
    else:
        fields[FIELD] = preset
    return fields


def keep_switches(text: str, switches: tuple[str, ...]) -> str:
    """The value without the changes that are not among `switches`; one that cannot be read stays."""
    try:
        choice = choose_augmentations({"augmentations": text})
    except ValueError:
        return text
    kept = {name: state for name, state in choice.switches.items() if name in switches}
    return read_augmentations(json.dumps({"preset": choice.preset, **kept}))


def list_controls(values: Mapping[str, str], switches: tuple[str, ...]) -> list[Control]:
    """The strength, then a control for each of `switches`."""
    preset = values[PRESET]
    options = [Option("", f"Default: {_TITLES['standard']}", not preset)]
    options += [Option(name, _TITLES[name], name == preset) for name in PRESETS]
    if preset not in ("", *PRESETS):
        options.append(Option(preset, preset, True))
    return [
        Control(PRESET, "Strength", "", tuple(options)),
        *(_make_switch(name, values) for name in switches),
    ]


def _make_switch(name: str, values: Mapping[str, str]) -> Control:
    field = f"{_PREFIX}{name}"
    given = values[field]
    words = {"": f"Default: {'on' if _is_made(name, values) else 'off'}", "true": "On", "false": "Off"}
    options = tuple(Option(value, title, value == given) for value, title in words.items())
    return Control(field, name.capitalize(), SWITCHES[name], options)


def _is_made(name: str, values: Mapping[str, str]) -> bool:
    """Whether the change is made where its own switch is left open."""
    settings = values.get("training_parameters.advanced_settings", "")
    try:
        choice = choose_augmentations({"augmentations": values[PRESET], "advanced_settings": settings})
    except (ValueError, AttributeError):  # settings that are wrong are told at their own field
        return False
    return choice.is_on(name, in_preset=choice.preset != "none")


def _write(state: bool | None) -> str:
    return "" if state is None else str(state).lower()
