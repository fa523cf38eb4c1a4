"""Everything that the New job page shows, from one text: the job's YAML."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from datasets.models import DatasetVersion
from jobs.forms.augmentation import Control, list_controls
from jobs.forms.check import Checked, check_document
from jobs.forms.document import NETWORK, OTHER, VALIDATION_CHOICE, apply_fields, read_fields, start_document
from jobs.forms.fields import (
    ArchitectureCard,
    Field,
    Group,
    group_fields,
    list_cards,
    list_fields,
    settled_network,
)
from jobs.forms.following import follow_network, follow_task
from jobs.forms.option import Option
from jobs.services.weights import PretrainedStart, find_pretrained
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo
from vision.catalog.task_types import CLASSIFICATION_TASKS, TASK_TYPES, TaskType
from vision.errors import InvalidDocumentError
from vision.spec.augmentations import list_switches
from vision.spec.documents import load_document, write_document
from vision.spec.job_model import order_document
from vision.spec.resolve import ResolvedValue

STEPS = ("Data and task", "What to run", "Limits and review")
MOST_VERSIONS = 500
_LIMIT_FIELDS = ("limits",)
_RUN_FIELDS = ("training_parameters", "search_space", "sweep")


@dataclass(frozen=True)
class Step:
    number: int
    title: str
    is_current: bool
    is_done: bool


class JobForm:
    """The page's state: the YAML, the step that is open, and the key that makes a second submit the same job."""

    def __init__(self, text: str, step: int = 1, key: str = "") -> None:
        self.text = text
        self.step = min(max(step, 1), len(STEPS))
        self.submission_key = key or str(uuid.uuid4())

    @classmethod
    def from_document(cls, document: dict[str, Any], step: int = 1, key: str = "") -> JobForm:
        return cls(write_document(order_document(document)), step, key)

    @classmethod
    def from_post(cls, post: Mapping[str, str]) -> JobForm:
        """The posted form. The YAML wins where it was edited since it was shown; else the fields are written to it."""
        text = post.get("document", "").replace("\r\n", "\n")
        shown = post.get("document_shown", "").replace("\r\n", "\n")
        step, key = to_step(post.get("step", "")), post.get("submission_key", "")[:64]
        if text.strip() != shown.strip():
            return cls(text, step, key)
        try:
            document = load_document(text) if text.strip() else {}
        except InvalidDocumentError:
            return cls(text, step, key)
        changed = follow_network(document, apply_fields(document, post))
        return cls.from_document(follow_task(document, changed, _newest_data(changed.get("task"))), step, key)

    @cached_property
    def checked(self) -> Checked:
        return check_document(self.text)

    @cached_property
    def values(self) -> dict[str, str]:
        return read_fields(self.checked.document or {})

    @property
    def idempotency_key(self) -> str:
        """Of the page's key and the job: a double click is one job, an edited job sent from the same page another."""
        return hashlib.sha256(f"{self.submission_key}\n{self.text}".encode()).hexdigest()

    @property
    def task_type(self) -> str:
        return self.values["task"] if self.values["task"] in TASK_TYPES else str(TaskType.CLASSIFICATION)

    @property
    def steps(self) -> list[Step]:
        return [
            Step(number, title, number == self.step, number < self.step) for number, title in enumerate(STEPS, start=1)
        ]

    @property
    def task_options(self) -> list[Option]:
        return [Option(info.name, info.title, info.name == self.task_type) for info in TASK_TYPES]

    @cached_property
    def versions(self) -> list[DatasetVersion]:
        """What there is to train this task on, newest first."""
        return list(_ready_versions().filter(task_type=self.task_type)[:MOST_VERSIONS])

    @cached_property
    def has_data(self) -> bool:
        """Whether there is anything to train on, for whatever task."""
        return bool(self.versions) or _ready_versions().exists()

    @property
    def task_title(self) -> str:
        return TASK_TYPES.get(self.task_type).title

    @property
    def shape(self) -> str:
        """What decides which fields there are: the task and the kind of network."""
        return f"{self.task_type}:{self.network.family}"

    @cached_property
    def network(self) -> ArchitectureInfo:
        """The network whose settings are shown."""
        return ARCHITECTURES.get(settled_network(self.task_type, self.values, self.checked), self.task_type)

    @cached_property
    def pretrained(self) -> PretrainedStart | None:
        """Where the job's pretrained weights are; None where it starts from none, or from another run's."""
        plan = self.checked.plan
        if plan is None or plan.start is not None or plan.resolution.values.get("pretrained") == "none":
            return None
        return find_pretrained(self.network.of_size(plan.resolution.values.get("model_size")))

    @property
    def takes_timm(self) -> bool:
        """Whether a network without a card may be one of timm, which name whole images; any may be of the Hub."""
        return self.task_type in CLASSIFICATION_TASKS

    @property
    def is_other_network(self) -> bool:
        return self.values[NETWORK] == OTHER

    @property
    def training_options(self) -> list[Option]:
        return self._data_options(self.values["training_data.path"])

    @property
    def validation_options(self) -> list[Option]:
        return self._data_options(self.values["validation_data.path"])

    @property
    def cards(self) -> list[ArchitectureCard]:
        return list_cards(self.task_type, self.values["training_parameters.model_name"])

    @cached_property
    def fields(self) -> list[Field]:
        return list_fields(self.task_type, self.values, self.checked)

    @property
    def augmentation_controls(self) -> list[Control]:
        return list_controls(self.values, list_switches(self.task_type, self.network.fitting))

    @property
    def options(self) -> dict[str, tuple[Option, ...]]:
        """The choices of each field of a parameter that has some."""
        shown: list[Field | Control] = [*self.fields, *self.augmentation_controls]
        return {field.name: field.options for field in shown if field.options}

    @property
    def plain_groups(self) -> list[Group]:
        return group_fields([field for field in self.fields if not field.parameter.is_advanced])

    @property
    def advanced_groups(self) -> list[Group]:
        return group_fields([field for field in self.fields if field.parameter.is_advanced])

    @property
    def advanced_count(self) -> int:
        return sum(field.parameter.is_advanced for field in self.fields)

    @property
    def is_advanced_open(self) -> bool:
        return any(field.parameter.is_advanced and (field.value or field.problem) for field in self.fields)

    @property
    def validation_choice(self) -> str:
        return self.values[VALIDATION_CHOICE]

    @property
    def problems_by_field(self) -> dict[str, str]:
        """Template access by key: the words under each field that has a problem."""
        names = dict.fromkeys(problem.field for problem in self.checked.problems if problem.field)
        return {name.replace(".", "_"): self.checked.problem_at(name) for name in names}

    @property
    def shown(self) -> dict[str, str]:
        """Template access by key: what each field shows."""
        return {name.replace(".", "_"): value for name, value in self.values.items()}

    @property
    def settled_rows(self) -> list[ResolvedValue]:
        return [row for row in self._rows if row.source != "default"]

    @property
    def default_rows(self) -> list[ResolvedValue]:
        return [row for row in self._rows if row.source == "default"]

    @property
    def _rows(self) -> tuple[ResolvedValue, ...]:
        return self.checked.plan.resolution.rows if self.checked.plan else ()

    def step_of_problem(self) -> int:
        """The first step that has something to mend; the last where the problem stands at no field."""
        tops = [problem.path.split(".")[0].split("[")[0] for problem in self.checked.problems]
        steps = [3 if top in _LIMIT_FIELDS or not top else 2 if top in _RUN_FIELDS else 1 for top in tops]
        return min(steps, default=len(STEPS))

    def _data_options(self, chosen: str) -> list[Option]:
        options = [
            Option(version.reference, _describe(version), version.reference == chosen) for version in self.versions
        ]
        if chosen and not any(option.is_chosen for option in options):
            options.insert(0, Option(chosen, chosen, True))
        return options


def start_from(version: DatasetVersion | None) -> dict[str, Any]:
    """The document that an empty form stands for, for this data."""
    if version is None:
        return start_document()
    is_known = version.task_type in TASK_TYPES
    task_type = version.task_type if is_known else TaskType.CLASSIFICATION
    return start_document(version.reference, version.target_column_name, task_type)


def _ready_versions() -> QuerySet[DatasetVersion]:
    ready = DatasetVersion.objects.filter(status=DatasetVersion.Status.READY).select_related("dataset")
    return ready.order_by("-created_at", "-id")


def _newest_data(task_type: Any) -> str:
    version = _ready_versions().filter(task_type=str(task_type)).first()
    return version.reference if version else ""


def to_step(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 3 else 1


def _describe(version: DatasetVersion) -> str:
    labels = len(version.label_names)
    return f"{version.dataset.name}, version {version.number} ({version.image_count} images, {labels} labels)"
