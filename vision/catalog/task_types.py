"""The four task types and their primary metric (SPEC §1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vision.registry import Registry


class TaskType(StrEnum):
    """The literals of a job document's `task`."""

    CLASSIFICATION = "image_classification"
    MULTILABEL = "image_classification_multilabel"
    DETECTION = "image_object_detection"
    SEGMENTATION = "image_instance_segmentation"


CLASSIFICATION_TASKS = (TaskType.CLASSIFICATION, TaskType.MULTILABEL)
OBJECT_TASKS = (TaskType.DETECTION, TaskType.SEGMENTATION)


@dataclass(frozen=True)
class TaskTypeInfo:
    """What every part of Darkroom needs to know of a task type. `trainer` is the dotted path of its task object."""

    name: str
    title: str
    primary_metric: str
    default_architecture: str
    trainer: str


TASK_TYPES: Registry[TaskTypeInfo] = Registry(
    "task type",
    [
        TaskTypeInfo(
            TaskType.CLASSIFICATION,
            "Multi-class classification",
            "accuracy",
            "vitb16r224",
            trainer="vision.tasks.classification:ClassificationTask",
        ),
        TaskTypeInfo(
            TaskType.MULTILABEL,
            "Multi-label classification",
            "iou",
            "vitb16r224",
            trainer="vision.tasks.multilabel:MultilabelTask",
        ),
        TaskTypeInfo(
            TaskType.DETECTION,
            "Object detection",
            "mean_average_precision",
            "yolov5",
            trainer="vision.tasks.detection.task:DetectionTask",
        ),
        TaskTypeInfo(
            TaskType.SEGMENTATION,
            "Instance segmentation",
            "mean_average_precision",
            "maskrcnn_resnet50_fpn",
            trainer="vision.tasks.detection.task:DetectionTask",
        ),
    ],
)
