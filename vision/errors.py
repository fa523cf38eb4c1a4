"""The error family: what the user can fix, apart from what we must fix."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Detail:
    """One finding: where it is and what is wrong there.

    `path` is a YAML path (`training_parameters.learning_rate`), `file` and `line` (from 1) a place in a file,
    `image` an image path inside the upload.
    """

    message: str
    code: str = "invalid"
    path: str | None = None
    file: str | None = None
    line: int | None = None
    image: str | None = None
    severity: str = "error"

    def to_dict(self) -> dict[str, Any]:
        """The detail as JSON, without the fields that say nothing."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass
class DarkroomError(Exception):
    """Base of every error we raise on purpose."""

    message: str
    hint: str = ""
    code: str = "error"
    details: list[Detail] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def to_dict(self) -> dict[str, Any]:
        """The REST error object: `{code, message, hint, details}`."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "details": [detail.to_dict() for detail in self.details],
        }


class UserError(DarkroomError):
    """Something the user can fix: shown verbatim, kept on the trial, never retried."""

    status = 400


@dataclass
class InvalidDocumentError(UserError):
    """A job, endpoint, deployment or scoring document that breaks its schema."""

    code: str = "invalid_document"
    status = 422


@dataclass
class InvalidDatasetError(UserError):
    """An upload or a dataset that cannot be used as it is."""

    code: str = "invalid_dataset"
    status = 422


@dataclass
class InvalidUploadError(UserError):
    """A file that was sent and is not what belongs there."""

    code: str = "invalid_upload"
    status = 422


@dataclass
class InvalidImageError(UserError):
    """Bytes that are not an image we open."""

    code: str = "invalid_image"
    status = 422


@dataclass
class NotFoundError(UserError):
    """A name that leads nowhere."""

    code: str = "not_found"
    status = 404


@dataclass
class ConflictError(UserError):
    """The thing is not in a state that allows this."""

    code: str = "conflict"
    status = 409


@dataclass
class WeightsUnavailableError(UserError):
    """Pretrained weights that are neither on this machine nor to be downloaded."""

    code: str = "weights_unavailable"
    status = 409


@dataclass
class TrainingError(UserError):
    """A training run that cannot go on for a reason the user can act on."""

    code: str = "training_failed"
    status = 422


@dataclass
class InternalError(DarkroomError):
    """Something we must fix: logged under a reference id that the user is given."""

    code: str = "internal"
    status = 500


def first_line(error: Exception) -> str:
    """What an error of a library's says, in one line; its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
