"""What can be done to a version's rows to make the next version of it: documents, as pages and REST send them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from vision.catalog.task_types import TaskType
from vision.data.filtering import RowFilter, build_conditions
from vision.data.labels import LABEL_READERS, InvalidLabelError, LabelCell
from vision.data.limits import DEFAULT_LIMITS
from vision.data.options import ImportSettings, read_settings
from vision.data.split_names import read_split
from vision.errors import Detail, InvalidDocumentError

_OBJECTS = (TaskType.DETECTION, TaskType.SEGMENTATION)
_RELABELS = ("relabel", "rename")


def _to_names(value: Any) -> Any:
    if not isinstance(value, str | list | tuple):
        return value
    return tuple(dict.fromkeys(name for name in ([value] if isinstance(value, str) else value) if name != ""))


class Edit(BaseModel):
    """One step from a version to the next.

    `move` puts the chosen rows into `split`; `drop` leaves them out. `relabel` gives them `new_label`: in place of
    `label` where that is named; without `new_label` it takes `label` off them. `rename` calls the classes `label` by
    `new_label` in every row, so that several become one. `split` shares all rows out anew. `restore` changes nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["move", "relabel", "rename", "drop", "split", "restore"]
    split: str = Field("", description="Where `move` puts the rows: train, validation or test")
    label: Annotated[tuple[str, ...], BeforeValidator(_to_names)] = Field((), description="A class name, or several")
    new_label: str = Field("", description="The class name from now on")
    validation_fraction: float = Field(0.2, ge=0, lt=1, description="Of all images, for `split`")
    test_fraction: float = Field(0.0, ge=0, lt=1)
    seed: int = Field(0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _is_whole(self) -> Edit:
        if self.action == "move" and not read_split(self.split):
            raise ValueError("split: choose train, validation or test")
        if self.action == "rename" and not (self.label and self.new_label):
            raise ValueError("label: name the class to rename and its new_label")
        if self.action == "relabel" and not (self.label or self.new_label):
            raise ValueError("new_label: name the new class, or the label to take off")
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError("validation_fraction: nothing would be left to train on")
        return self

    @property
    def is_about_rows(self) -> bool:
        """Whether it needs rows to be chosen; the others are about all of them."""
        return self.action in ("move", "relabel", "drop")

    @property
    def is_about_labels(self) -> bool:
        return self.action in _RELABELS

    @property
    def target(self) -> str:
        """The split that `move` moves to."""
        return read_split(self.split)

    def settings(self) -> ImportSettings:
        """How `split` shares the rows out."""
        shares = {"validation_fraction": self.validation_fraction, "test_fraction": self.test_fraction}
        return read_settings({"split": "assign", "seed": self.seed, **shares})


def read_edit(values: dict[str, Any], task_type: str) -> Edit:
    """An edit from a form or a document, checked against the task type; empty text says nothing.

    Raises:
        InvalidDocumentError: every field that is wrong, by its name.
    """
    try:
        edit = Edit.model_validate({name: value for name, value in values.items() if value != ""})
    except ValidationError as error:
        raise _refuse([_to_detail(one["msg"], one["loc"]) for one in error.errors()]) from None
    if edit.is_about_labels:
        _check_labels(edit, task_type)
    return edit


def affected_rows(edit: Edit, rows: RowFilter, task_type: str) -> tuple[str, list[Any]]:
    """The rows that an edit really changes, as an SQL condition with its values. Not for `split`."""
    if edit.action == "restore":
        return "false", []
    where, values = build_conditions(rows if edit.is_about_rows else RowFilter())
    if edit.action == "move":
        return f"({where}) AND split <> ?", [*values, edit.target]
    if edit.action == "drop":
        return f"({where})", values
    condition, given = _relabelled(edit, task_type)
    return f"({where}) AND {condition}", [*values, *given]


def cell_change(edit: Edit, task_type: str) -> Callable[[str], LabelCell]:
    """What relabelling makes of a canonical cell: a function from its JSON to the cell that follows."""
    read, change = LABEL_READERS[task_type], _CHANGES[TaskType(task_type)]
    return lambda annotation: read(change(json.loads(annotation), edit), DEFAULT_LIMITS)


def describe_edit(edit: Edit, count: int, task_type: str) -> str:
    """What was done, as a version's history tells it."""
    images = f"{count:,} image{'' if count == 1 else 's'}"
    old, new = ", ".join(map(repr, edit.label)), repr(edit.new_label)
    if edit.action == "move":
        return f"Moved {images} to {edit.target}"
    if edit.action == "drop":
        return f"Dropped {images}"
    if edit.action == "split":
        shares = f"validation {edit.validation_fraction:.0%}, test {edit.test_fraction:.0%}, seed {edit.seed}"
        return f"Assigned splits anew: {shares}"
    if edit.action == "rename":
        word = "Merged" if len(edit.label) > 1 else "Renamed"
        return f"{word} {old} into {new} on {images}" if len(edit.label) > 1 else f"Renamed {old} to {new} on {images}"
    if not edit.new_label:
        return f"Took {old} off {images}"
    if edit.label:
        return f"Relabelled {old} as {new} on {images}"
    return f"Added {new} to {images}" if task_type == TaskType.MULTILABEL else f"Labelled {images} {new}"


def _check_labels(edit: Edit, task_type: str) -> None:
    if task_type == TaskType.CLASSIFICATION and not edit.new_label:
        raise _refuse([Detail("an image has exactly one class here: name the new one", path="new_label")])
    if edit.label == (edit.new_label,):
        raise _refuse([Detail(f"the class is called {edit.new_label!r} already", path="new_label")])
    if edit.new_label:
        try:
            LABEL_READERS[TaskType.CLASSIFICATION](edit.new_label, DEFAULT_LIMITS)
        except InvalidLabelError as error:
            raise _refuse([Detail(str(error), path="new_label")]) from None


def _relabelled(edit: Edit, task_type: str) -> tuple[str, list[Any]]:
    """Rows that have a class which is to go, or lack the one that is to come."""
    old = [name for name in edit.label if name != edit.new_label]
    if old:
        return "list_has_any(labels, ?::VARCHAR[])", [old]
    if task_type == TaskType.MULTILABEL:
        return "NOT coalesce(list_contains(labels, ?), false)", [edit.new_label]
    is_other = "coalesce(labels, []) <> [?]"
    return f"objects > 0 AND {is_other}" if task_type in _OBJECTS else is_other, [edit.new_label]


def _change_class(cell: Any, edit: Edit) -> Any:
    return edit.new_label if not edit.label or cell in edit.label else cell


def _change_classes(cell: Any, edit: Edit) -> Any:
    names = list(cell or [])
    if not edit.label:
        return [*names, edit.new_label]
    new = [edit.new_label] if edit.new_label else []
    return list(dict.fromkeys(name for old in names for name in (new if old in edit.label else [old])))


def _change_objects(cell: Any, edit: Edit) -> Any:
    kept = []
    for one in cell or []:
        is_meant = not edit.label or one["label"] in edit.label
        if edit.new_label or not is_meant:
            kept.append(one | {"label": edit.new_label} if is_meant else one)
    return kept


_CHANGES: dict[TaskType, Callable[[Any, Edit], Any]] = {
    TaskType.CLASSIFICATION: _change_class,
    TaskType.MULTILABEL: _change_classes,
    TaskType.DETECTION: _change_objects,
    TaskType.SEGMENTATION: _change_objects,
}


def _to_detail(message: str, place: tuple[Any, ...]) -> Detail:
    message = message.removeprefix("Value error, ")
    field, found, rest = message.partition(": ")
    if not place and found:
        return Detail(rest, code="invalid_edit", path=field)
    return Detail(message, code="invalid_edit", path=".".join(map(str, place)) or None)


def _refuse(details: list[Detail]) -> InvalidDocumentError:
    what = "; ".join(f"{detail.path}: {detail.message}" if detail.path else detail.message for detail in details)
    return InvalidDocumentError(
        f"The edit cannot be made: {what}.",
        hint="Actions are move, relabel, rename, drop, split and restore.",
        code="invalid_edit",
        details=[replace(detail, code="invalid_edit") for detail in details],
    )
