"""The parameter table as form fields: what each shows, offers and says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from jobs.forms.check import Checked
from vision.catalog.architectures import ARCHITECTURES, list_architectures
from vision.spec.parameters import Parameter, documented_default, list_parameters
from vision.spec.resolve import ResolvedValue

_CHOSEN_ELSEWHERE = ("model_name",)


@dataclass(frozen=True)
class Option:
    value: str
    title: str
    is_chosen: bool


@dataclass(frozen=True)
class Field:
    """One parameter's row. `default_text` is what an empty field stands for."""

    name: str
    parameter: Parameter
    value: str
    default_text: str
    reason: str
    problem: str
    options: tuple[Option, ...]

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")

    @property
    def search_text(self) -> str:
        entry = self.parameter
        return f"{entry.name} {entry.title} {entry.help} {' '.join(entry.aliases)} {entry.group}".lower()

    @property
    def input_mode(self) -> str:
        return {"int": "numeric", "float": "decimal"}.get(self.parameter.kind, "text")


@dataclass(frozen=True)
class Group:
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class ArchitectureCard:
    """One choice of network; `name` is empty for leaving it to Darkroom."""

    name: str
    title: str
    character: str
    facts: str
    is_chosen: bool


def list_fields(task_type: str, values: Mapping[str, str], checked: Checked) -> list[Field]:
    """Every parameter of the chosen architecture (the one that the plan settled on, where none is chosen)."""
    rows = {row.name: row for row in checked.plan.resolution.rows} if checked.plan else {}
    architecture = _architecture(task_type, values, rows)
    return [
        _make_field(entry, task_type, architecture, values, rows.get(entry.name), checked)
        for entry in list_parameters(task_type, architecture)
        if entry.name not in _CHOSEN_ELSEWHERE
    ]


def group_fields(fields: list[Field]) -> list[Group]:
    """Fields under their group's title, in the order in which the groups first come."""
    order = list(dict.fromkeys(field.parameter.group for field in fields))
    ordered = sorted(fields, key=lambda field: order.index(field.parameter.group))
    return [
        Group(title, tuple(members)) for title, members in groupby(ordered, key=lambda field: field.parameter.group)
    ]


def list_cards(task_type: str, chosen: str) -> list[ArchitectureCard]:
    """The networks that train this task type, after the choice to leave it open."""
    is_known = any(info.name == chosen for info in list_architectures(task_type))
    cards = [
        ArchitectureCard(
            "",
            "Choose for me",
            "The task's default where there is a GPU, the lightest network on a CPU.",
            "",
            not is_known,
        )
    ]
    for info in list_architectures(task_type):
        facts = (
            f"{info.size_mb} MB · {info.parameters_millions:g} M weights · "
            f"trains {info.cpu_images_per_second:.0f} images a second on 2 CPU cores"
        )
        cards.append(ArchitectureCard(info.name, info.title, info.character, facts, info.name == chosen))
    return cards


def _architecture(task_type: str, values: Mapping[str, str], rows: Mapping[str, ResolvedValue]) -> str:
    chosen = values.get("training_parameters.model_name", "")
    if chosen in ARCHITECTURES and task_type in ARCHITECTURES.get(chosen).task_types:
        return chosen
    if "model_name" in rows:
        return str(rows["model_name"].value)
    return str(documented_default("model_name", "", task_type))


def _make_field(
    entry: Parameter,
    task_type: str,
    architecture: str,
    values: Mapping[str, str],
    row: ResolvedValue | None,
    checked: Checked,
) -> Field:
    name = f"training_parameters.{entry.name}"
    value = values.get(name, "")
    is_rule = row is not None and row.source == "rule"
    default = row.value if row is not None and is_rule else documented_default(entry.name, architecture, task_type)
    text = _plain(default)
    return Field(
        name=name,
        parameter=entry,
        value=value,
        default_text=text,
        reason=row.reason if row is not None and is_rule else "",
        problem=checked.problem_at(name),
        options=_options(entry, value, text),
    )


def _options(entry: Parameter, value: str, default_text: str) -> tuple[Option, ...]:
    if entry.kind == "bool":
        titles = {"true": "On", "false": "Off"}
    elif entry.kind == "choice":
        texts = [_plain(choice) for choice in entry.choices]
        titles = dict(zip(texts, entry.value_titles or texts, strict=True))
    else:
        return ()
    first = Option("", f"Default: {titles.get(default_text, default_text)}", not value)
    listed = [Option(text, title, text == value) for text, title in titles.items()]
    if value and value not in titles:  # a value that is none of the choices stays visible, beside its error
        listed.append(Option(value, value, True))
    return (first, *listed)


def _plain(value: Any) -> str:
    if value in (None, ""):
        return "none"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
