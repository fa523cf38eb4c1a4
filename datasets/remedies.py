"""Findings that an import setting does away with: which one, offered and never made by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from datasets.models import DatasetVersion
from datasets.services.keeping import can_import_again
from vision.catalog.task_types import TaskType


@dataclass(frozen=True)
class Remedy:
    """`title` says what is done; `settings` are fields of the form, `look_at` the one the user has yet to fill.

    Not offered for versions of the task types in `useless_for`.
    """

    title: str
    settings: Mapping[str, str] = field(default_factory=dict)
    look_at: str = ""
    useless_for: frozenset[str] = frozenset()


_BOXES = frozenset({TaskType.CLASSIFICATION, TaskType.MULTILABEL})
_DROP = Remedy("Leave them out", {"unlabelled": "drop"})
_ASSIGN = Remedy("Make new splits that keep same pictures together", {"split": "assign"})
_LABEL_FIELD = Remedy("Name another label field", look_at="target_column_name")
_FORMAT = Remedy("Choose the format", look_at="format")

REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "pixel_coordinates": (Remedy("Take coordinates as pixels", {"coordinates": "pixels"}, useless_for=_BOXES),),
    "missing_label": (_LABEL_FIELD,),
    "invalid_label": (Remedy("Choose the task", look_at="task"),),
    "unlabelled": (
        Remedy(
            "Take them as background", {"unlabelled": "background"}, useless_for=frozenset({TaskType.CLASSIFICATION})
        ),
        _DROP,
    ),
    "unknown_split": (Remedy("Make new splits", {"split": "assign"}),),
    "image_in_two_splits": (_ASSIGN,),
    "missing_group_column": (Remedy("Name another group column", look_at="group_column"),),
    # what an import as a whole was refused for
    "errors_found": (Remedy("Leave out rows that cannot be used", {"invalid_lines": "drop"}),),
    "too_many_errors": (Remedy("Allow any number of errors", {"max_errors": ""}),),
    "too_many_labels": (_LABEL_FIELD,),
    "no_labels": (_FORMAT, _LABEL_FIELD),
}


def list_remedies(version: DatasetVersion, code: str) -> list[dict[str, Any]]:
    """Links to the form of importing again, set to what does away with a finding; none where it cannot be done."""
    remedies = REMEDIES.get(code, ())
    if not remedies or not can_import_again(version):
        return []
    return [
        {"title": remedy.title, "url": import_again_url(version, remedy.settings, remedy.look_at)}
        for remedy in remedies
        if version.task_type not in remedy.useless_for
    ]


def import_again_url(version: DatasetVersion, settings: Mapping[str, str] | None = None, look_at: str = "") -> str:
    """The form of importing a version again, with these fields set."""
    address = reverse("datasets:import-again", args=[version.dataset.name, version.number])
    return address + (f"?{urlencode(settings)}" if settings else "") + (f"#{look_at}" if look_at else "")
