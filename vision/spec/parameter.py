"""One hyperparameter: what it is called, what it may be, and how a written value is read."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from vision.errors import Detail, InvalidDocumentError

Kind = Literal["int", "float", "bool", "choice", "string"]

_LARGEST = 2**63 - 1  # no count of anything here comes near
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """An entry of the parameter table.

    `default` is what Azure documents, where it does not depend on the architecture (see `documented_default`); None
    means that the parameter is left off. `aliases` are older spellings. `families` None means every network family.
    `value_titles` say in words what each of `choices` does. Bounds are inclusive.
    """

    name: str
    kind: Kind
    title: str
    help: str
    group: str
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    aliases: tuple[str, ...] = ()
    task_types: tuple[str, ...] = ()
    families: tuple[str, ...] | None = None
    is_advanced: bool = False
    unit: str = ""
    value_titles: tuple[str, ...] = ()
    is_json: bool = False

    @property
    def range_text(self) -> str:
        """The accepted values in words: `0 to 1`, `1 or more`, `sgd, adam or adamw`; empty where anything goes."""
        if self.choices:
            *most, last = [str(choice) for choice in self.choices]
            return f"{', '.join(most)} or {last}" if most else last
        if self.kind == "bool":
            return "true or false"
        if self.minimum is not None and self.maximum is not None:
            return f"{_plain(self.minimum)} to {_plain(self.maximum)}"
        return f"{_plain(self.minimum)} or more" if self.minimum is not None else ""


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"


def parse_value(parameter: Parameter, value: Any, path: str) -> Any:
    """`value` as the parameter's kind; numbers written as text are read too (YAML takes `1e-4` for text).

    Raises:
        InvalidDocumentError: it is of another kind or out of range; the detail carries `path`.
    """
    try:
        parsed = _READERS[parameter.kind](parameter, value)
    except ValueError as error:
        detail = Detail(str(error), code="out_of_range", path=path)
        raise InvalidDocumentError(f"{path}: {error}", details=[detail]) from None
    return parsed


def _read_int(parameter: Parameter, value: Any) -> int:
    number = _read_number(value)
    if number is None or number != int(number):
        raise ValueError(f"Must be a whole number{_range(parameter)}, not {value!r}.")
    return int(_within(parameter, int(number), value))


def _read_float(parameter: Parameter, value: Any) -> float:
    number = _read_number(value)
    if number is None:
        raise ValueError(f"Must be a number{_range(parameter)}, not {value!r}.")
    return float(_within(parameter, number, value))


def _read_bool(parameter: Parameter, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _WORDS.get(str(value).strip().lower())
    if word is None:
        raise ValueError(f"Must be true or false, not {value!r}.")
    return word


def _read_choice(parameter: Parameter, value: Any) -> Any:
    if isinstance(value, bool):  # YAML takes a bare `on` or `off` for true and false
        value = _from_bool(parameter, value)
    written = {_fold(str(choice)): choice for choice in parameter.choices}
    found = written.get(_fold(str(value)))
    if found is None:
        raise ValueError(f"Must be {parameter.range_text}, not {value!r}.")
    return found


def _read_string(parameter: Parameter, value: Any) -> str:
    if isinstance(value, dict) and parameter.is_json:
        value = json.dumps(value)
    if not isinstance(value, str):
        raise ValueError(f"Must be text, not {value!r}.")
    if parameter.is_json:
        _check_json(value)
    return value


_READERS = {
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "choice": _read_choice,
    "string": _read_string,
}


def _from_bool(parameter: Parameter, value: bool) -> Any:
    for word in ("on", "Enable") if value else ("off", "Disable"):
        if word in parameter.choices:
            return word
    return value


def _fold(word: str) -> str:
    """Case and separators aside: `WarmupCosine`, `warmup-cosine` and `warmup_cosine` are one."""
    return re.sub(r"[\s_-]", "", word).lower()


def _read_number(value: Any) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = value if isinstance(value, int) else float(value)
    except ValueError:
        return None
    if isinstance(number, float) and not math.isfinite(number):
        return None
    return number if abs(number) <= _LARGEST else None


def _within(parameter: Parameter, number: float, value: Any) -> float:
    too_low = parameter.minimum is not None and number < parameter.minimum
    too_high = parameter.maximum is not None and number > parameter.maximum
    if too_low or too_high:
        raise ValueError(f"Must be {parameter.range_text}, not {value!r}.")
    return number


def _range(parameter: Parameter) -> str:
    return f", {parameter.range_text}" if parameter.range_text else ""


# SPEC §4.8. The first two are for detection and segmentation alone: classification's augmentation stays on.
_ADVANCED_KEYS = {"stream_image_files": True, "apply_mosaic_for_yolo": False, "apply_automl_train_augmentations": False}


def _check_json(text: str) -> None:
    try:
        settings = json.loads(text or "{}")
    except ValueError as error:
        raise ValueError(f'Must be JSON text such as {{"stream_image_files": true}}: {error}.') from None
    if not isinstance(settings, dict):
        raise ValueError("Must be a JSON object.")
    for key, value in settings.items():
        if key not in _ADVANCED_KEYS:
            raise ValueError(f"There is no advanced setting named {key!r}; there is stream_image_files.")
        if not _ADVANCED_KEYS[key]:
            raise ValueError(f"{key} is for object detection and instance segmentation only.")
        if not isinstance(value, bool):
            raise ValueError(f"{key} must be true or false, not {value!r}.")
