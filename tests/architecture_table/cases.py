"""The rows of the table: every architecture of the catalogue in every size, once for each task type it trains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vision.catalog.architectures import ArchitectureInfo, list_architectures
from vision.catalog.task_types import TASK_TYPES, TaskType


@dataclass(frozen=True)
class Case:
    """A row of the table; `info` is of the size."""

    info: ArchitectureInfo
    task_type: TaskType
    size: str = ""

    @property
    def name(self) -> str:
        return f"{self.info.name} {self.size.replace('_', ' ')}".rstrip()

    @property
    def section(self) -> str:
        return TASK_TYPES.get(self.task_type).title


def list_cases() -> list[Case]:
    return [
        Case(info.of_size(size), task_type, size)
        for task_type in TaskType
        for info in list_architectures(task_type)
        for size in [one.name for one in info.sizes] or [""]
    ]


def list_lightest(cases: Iterable[Case]) -> list[Case]:
    """Those with the fewest weights of each family and task type: what the suite has the time for. Several labels an
    image take the same networks with another loss: of these the lightest of all."""
    lightest: dict[tuple[str, str], Case] = {}
    for case in sorted(cases, key=lambda case: case.info.parameters_millions):
        family = "" if case.task_type == TaskType.MULTILABEL else case.info.family
        lightest.setdefault((case.task_type, family), case)
    return list(lightest.values())
