"""What a lane answers: a status and JSON text, made in the lane so that the HTTP process only passes it on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vision.errors import DarkroomError, UserError


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes


def answer_result(result: list[dict[str, Any]]) -> Answer:
    """The elements of a scoring response, one an image."""
    return Answer(200, json.dumps(result, separators=(",", ":"), allow_nan=False).encode())


def answer_user_error(error: UserError) -> Answer:
    """What the caller can fix, with its own status."""
    return _answer_error(error.status, error)


def answer_failure(error: BaseException) -> Answer:
    """The model raised: 424, as Azure's endpoints say it (SPEC §8.5)."""
    reason = str(error).strip().splitlines()
    problem = DarkroomError(
        f"The model failed on this request: {type(error).__name__}{': ' + reason[0] if reason else ''}.",
        hint="The deployment's log has the details.",
        code="model_failed",
    )
    return _answer_error(424, problem)


def answer_timeout(seconds: float) -> Answer:
    """The time is up while the request waits or is worked on."""
    problem = DarkroomError(
        f"The model did not answer within {seconds * 1000:.0f} ms.",
        hint="Send fewer images at once, or raise request_timeout_ms (at most 180000).",
        code="timeout",
    )
    return _answer_error(408, problem)


def _answer_error(status: int, error: DarkroomError) -> Answer:
    return Answer(status, json.dumps({"error": error.to_dict()}).encode())
