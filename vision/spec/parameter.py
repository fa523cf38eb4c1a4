"""One hyperparameter: what it is called, what it may be, and how a written value is read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
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
    means that the parameter is left off. `aliases` are older spellings, `value_aliases` older words for one of the
    `choices`. `families` None means every network family. `value_titles` say in words what each of `choices` does.
    Bounds are inclusive. A string with a form of its own has `read`, which answers its canonical text or raises a
    ValueError in words, and `accepts`, that form in words; `suggestions` are some such texts.
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
    value_aliases: tuple[tuple[str, Any], ...] = ()
    read: Callable[[Any], str] | None = None
    accepts: str = ""
    suggestions: tuple[str, ...] = ()

    @property
    def range_text(self) -> str:
        """The accepted values in words: `0 to 1`, `1 or more`, `sgd, adam or adamw`; empty where anything goes."""
        if self.accepts:
            return self.accepts
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
    written = {fold(str(choice)): choice for choice in parameter.choices}
    written |= {fold(word): choice for word, choice in parameter.value_aliases}
    found = written.get(fold(str(value)))
    if found is None:
        raise ValueError(f"Must be {parameter.range_text}, not {value!r}.")
    return found


def _read_string(parameter: Parameter, value: Any) -> str:
    if parameter.read is not None:
        return parameter.read(value)
    if not isinstance(value, str):
        raise ValueError(f"Must be text, not {value!r}.")
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
    return str(value)


def fold(word: str) -> str:
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
