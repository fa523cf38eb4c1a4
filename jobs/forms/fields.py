"""The parameter table as form fields: what each shows, offers and says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from jobs.forms.check import Checked
from jobs.forms.document import NETWORK, OTHER, OTHER_NETWORK
from jobs.forms.option import Option
from jobs.forms.starts import FIELD as START
from jobs.forms.starts import list_start_options
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo, list_architectures
from vision.spec.model_names import trained_as
from vision.spec.parameters import Parameter, documented_default, list_parameters
from vision.spec.resolve import ResolvedValue

_CHOSEN_ELSEWHERE = ("model_name",)


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


def settled_network(task_type: str, values: Mapping[str, str], checked: Checked) -> str:
    """The architecture whose parameters are shown: that of the plan, the chosen one, or the task's default."""
    rows = {row.name: row for row in checked.plan.resolution.rows} if checked.plan else {}
    return _architecture(task_type, values, rows)


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
    choices = list_architectures(task_type)
    is_known = chosen == OTHER or any(info.name == chosen for info in choices)
    character = "The task's default where there is a GPU, what is quick enough on a CPU."
    cards = [ArchitectureCard("", "Choose for me", character, "", not is_known)]
    cards += [
        ArchitectureCard(info.name, info.title, info.character, _facts(info), info.name == chosen) for info in choices
    ]
    return cards


def _facts(info: ArchitectureInfo) -> str:
    """Size and speed; those of the smallest and the largest where there are several."""
    if not info.sizes:
        speed = f"trains {info.cpu_images_per_second:.2g} images a second on 2 CPU cores"
        return f"{info.size_mb} MB · {info.parameters_millions:g} M weights · {speed}"
    smallest, largest = info.sizes[0], info.sizes[-1]
    return (
        f"{smallest.size_mb} to {largest.size_mb} MB · {smallest.parameters_millions:g} to "
        f"{largest.parameters_millions:g} M weights · trains {smallest.cpu_images_per_second:.2g} to "
        f"{largest.cpu_images_per_second:.2g} images a second on 2 CPU cores"
    )


def _architecture(task_type: str, values: Mapping[str, str], rows: Mapping[str, ResolvedValue]) -> str:
    if "model_name" in rows:
        return str(rows["model_name"].value)
    chosen = trained_as(values.get(OTHER_NETWORK) or values.get(NETWORK, ""))[0]
    if chosen in ARCHITECTURES and task_type in ARCHITECTURES.get(chosen).task_types:
        return chosen
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
    reason, options = row.reason if row is not None and is_rule else "", _options(entry, value, text)
    if name == START:
        reason = " ".join(checked.plan.start.words) if checked.plan and checked.plan.start else ""
        options = list_start_options(task_type, architecture if values.get(NETWORK) else "", value)
    return Field(
        name=name,
        parameter=entry,
        value=value,
        default_text=text,
        reason=reason,
        problem=checked.problem_at(name),
        options=options,
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
