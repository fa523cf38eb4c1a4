"""A document as the New job page sees it: read, checked and planned, with every problem kept for display."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobs.services.planning import plan_job
from vision.errors import Detail, UserError
from vision.spec.documents import find_line, load_document
from vision.spec.job import parse_job
from vision.spec.parameters import canonical_name

if TYPE_CHECKING:
    from jobs.services.planning import Plan


@dataclass(frozen=True)
class Problem:
    """One thing to mend: its YAML path (empty for the whole), the field that shows it, and the line of the YAML."""

    path: str
    field: str
    line: int | None
    message: str


@dataclass(frozen=True)
class Checked:
    """`document` is the mapping as far as it could be read; `plan` is there when nothing is wrong."""

    text: str
    document: dict[str, Any] | None
    problems: list[Problem] = field(default_factory=list)
    error: UserError | None = None
    plan: Plan | None = None

    def problem_at(self, field_name: str) -> str:
        return " ".join(problem.message for problem in self.problems if problem.field == field_name)


def check_document(text: str) -> Checked:
    """Read, check and plan the YAML `text`; never raises what the user can mend."""
    document: dict[str, Any] | None = None
    try:
        document = load_document(text)
        plan = plan_job(parse_job(text))
    except UserError as error:
        return Checked(text, document, list_problems(error, text), error)
    return Checked(text, document, plan=plan)


def list_problems(error: UserError, text: str) -> list[Problem]:
    """The error's details, each with its line; the error itself where it has none."""
    if not error.details:
        return [Problem("", "", None, str(error))]
    return [_to_problem(detail, text) for detail in error.details]


def _to_problem(detail: Detail, text: str) -> Problem:
    path = detail.path or ""
    line = detail.line or (find_line(text, path) if path else None)
    return Problem(path, _field_of(path), line, detail.message)


def _field_of(path: str) -> str:
    """The field of a path: data inputs are shown by their path, parameters under their one name."""
    if path in ("training_data", "validation_data"):
        return f"{path}.path"
    parent, _, name = path.rpartition(".")
    return f"{parent}.{canonical_name(name) or name}" if parent == "training_parameters" else path
