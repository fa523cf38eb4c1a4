"""What a job would run, before it runs: its data checked, every parameter settled, the time reckoned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from datasets.selectors import manifest_path
from jobs.services.checks import JobData, check_counts, check_mode, find_job_data
from jobs.services.machines import find_machine
from jobs.services.starting import Start, check_start, choose_start
from vision.data.prepare import measure_run_rows
from vision.errors import Detail, InvalidDatasetError, InvalidDocumentError
from vision.spec.job import JobSpec
from vision.spec.resolve import DataFacts, Machine, Resolution, estimate_seconds, resolve_parameters


@dataclass(frozen=True)
class Plan:
    """The one trial of a job: `seconds` is the estimate of its length on `machine`."""

    resolution: Resolution
    facts: DataFacts
    seconds: float
    machine: Machine
    data: JobData
    start: Start | None = None

    def to_dict(self) -> dict[str, Any]:
        """What is kept on the job."""
        return {
            "values": self.resolution.values,
            "rows": [asdict(row) for row in self.resolution.rows],
            "facts": asdict(self.facts),
            "machine": asdict(self.machine),
            "seconds": round(self.seconds, 1),
        }


def plan_job(spec: JobSpec) -> Plan:
    """Check a job against its data and settle what it would train with.

    Raises:
        InvalidDocumentError: one detail, with its YAML path, for everything that stands against running it.
    """
    check_mode(spec)
    data = find_job_data(spec)
    facts = _measure(spec, data)
    machine = find_machine()
    start = choose_start(spec, data)
    given = spec.training_parameters
    resolution = resolve_parameters(spec.task_type, given, facts, machine, start.facts if start else None)
    check_start(start, resolution.values)
    seconds = estimate_seconds(resolution, facts, machine)
    if start is not None and start.is_continued:
        seconds *= 1 - start.trial.checkpoint_epoch / resolution.values["number_of_epochs"]
    return Plan(resolution, facts, seconds, machine, data, start)


def _measure(spec: JobSpec, data: JobData) -> DataFacts:
    validation = manifest_path(data.validation) if data.validation else None
    try:
        facts = _facts(manifest_path(data.training), validation, spec.validation_data_size)
    except InvalidDatasetError as error:
        path = "validation_data" if error.code == "no_validation_images" else "training_data.path"
        details = [Detail(error.message, code=error.code, path=path)]
        raise InvalidDocumentError(error.message, error.hint, details=details) from error
    check_counts(spec, data, facts)
    return facts


@lru_cache(maxsize=64)
def _facts(training: Path, validation: Path | None, validation_data_size: float | None) -> DataFacts:
    """A manifest is written once, under a name of its own; the form asks for its facts at every key stroke."""
    return measure_run_rows(training, validation, validation_data_size)
