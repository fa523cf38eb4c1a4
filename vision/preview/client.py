"""Asking for previews, without torch: one process draws them all, started on demand and gone when it is not needed."""

from __future__ import annotations

import json
import logging
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO, Any, cast

from vision.errors import InternalError, UserError
from vision.lifeline import Process, spawn
from vision.preview.request import RESULT, Preview, PreviewRequest, read_preview
from vision.training.launch import training_environment

logger = logging.getLogger(__name__)
_MOST_SECONDS = 90.0  # to load the libraries on a machine that trains meanwhile, and to draw


class PreviewClient:
    """Draws one preview at a time, in a process of its own that lives on for the next; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Process | None = None

    def draw(self, request: PreviewRequest) -> Preview:
        """The preview in `request.out`, drawn now unless it is there.

        Raises:
            UserError: an image or a label that cannot be used.
            InternalError: the process broke or did not answer in time.
        """
        with self._lock:
            if not (request.out / RESULT).exists():
                self._ask(request)
        return read_preview(request.out)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.stop(timeout=0)

    def _ask(self, request: PreviewRequest) -> None:
        line = f"{request.write()}\n"
        answer = self._exchange(line)
        if answer is None and self._has_retired():
            answer = self._exchange(line)
        if answer is None:
            self.close()
            raise InternalError(
                "The process that draws previews broke or did not answer in time.",
                hint="Try again; if it stays so, the web process's log under STUDIO_HOME/logs says why.",
            )
        if answer:
            raise _read_error(json.loads(answer))

    def _exchange(self, line: str) -> str | None:
        """The answer to a line; None where there is none."""
        process = self._running()
        requests, answers = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
        try:
            requests.write(line)
            requests.flush()
            if not select.select([answers], [], [], _MOST_SECONDS)[0]:
                return None
            answer = answers.readline()
        except OSError:  # it ended at this very moment
            return None
        return answer.rstrip("\n") if answer.endswith("\n") else None

    def _has_retired(self) -> bool:
        """Whether the process ended by itself, having had nothing to do, just as it was asked."""
        return self._process is not None and self._process.poll() == 0

    def _running(self) -> Process:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        environment = training_environment(1) | {"CUDA_VISIBLE_DEVICES": ""}
        self._process = spawn(
            [sys.executable, "-m", "vision.preview"],
            environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        return self._process


def _read_error(told: Mapping[str, Any]) -> UserError | InternalError:
    kind = InternalError if told.get("code") == InternalError.code else UserError
    return kind(told.get("message", ""), hint=told.get("hint", ""), code=told.get("code", kind.code))
