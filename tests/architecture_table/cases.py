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
    """Those with the fewest weights of each family: what the suite has the time for. A family that names images trains
    with one label an image or with several, from family to family in turn, the lightest with both."""
    lightest: dict[tuple[str, str], Case] = {}
    for case in sorted(cases, key=lambda case: case.info.parameters_millions):
        lightest.setdefault((case.task_type, case.info.family), case)
    turns: dict[TaskType, list[Case]] = {}
    for case in lightest.values():
        turns.setdefault(case.task_type, []).append(case)
    left = {TaskType.CLASSIFICATION: slice(1, None, 2), TaskType.MULTILABEL: slice(2, None, 2)}
    for task_type, part in left.items():
        del turns[task_type][part]
    return [case for part in turns.values() for case in part]
