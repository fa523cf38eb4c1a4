"""The bundled samples as datasets: one a task type."""

from __future__ import annotations

from dataclasses import dataclass

from vision.catalog.task_types import TASK_TYPES, TaskType, TaskTypeInfo


@dataclass(frozen=True)
class Sample:
    """`name` is the dataset's, `text` says what is on its pictures."""

    task_type: str
    name: str
    images: int
    text: str

    @property
    def info(self) -> TaskTypeInfo:
        return TASK_TYPES.get(self.task_type)


SAMPLES: tuple[Sample, ...] = (
    Sample(TaskType.CLASSIFICATION, "fasteners", 300, "One screw, nut or washer on each."),
    Sample(TaskType.MULTILABEL, "fasteners-multilabel", 200, "Up to three parts on each: which, and is one scratched?"),
    Sample(TaskType.DETECTION, "fasteners-detection", 200, "Several parts on each, with a box around every one."),
    Sample(
        TaskType.SEGMENTATION, "fasteners-segmentation", 200, "Several parts on each, with the outline of every one."
    ),
)


def get_sample(task_type: str) -> Sample:
    """The sample of a task type.

    Raises:
        NotFoundError: an unknown task type.
    """
    name = TASK_TYPES.get(task_type).name
    return next(sample for sample in SAMPLES if sample.task_type == name)
