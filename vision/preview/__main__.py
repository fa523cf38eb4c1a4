"""`python -m vision.preview`: draws the preview of each request file named on a line of the standard input.

It answers a line a request, empty where `preview.json` is there, else the error as JSON, and ends when nothing was
asked for a while: what it costs is to start, not to draw.
"""

from __future__ import annotations

import json
import logging
import os
import select
import sys
from pathlib import Path
from typing import TextIO

from vision.errors import InternalError, UserError
from vision.interpreter import import_torchvision, importing, leave
from vision.lifeline import watch_lifeline
from vision.preview.request import PreviewRequest

with importing():
    import_torchvision()
    from vision.preview.drawing import draw_preview

logger = logging.getLogger(__name__)
_IDLE_SECONDS = 90.0


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    watch_lifeline()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        _serve(sys.stdin, answers)
    return 0


def _serve(requests: TextIO, answers: TextIO) -> None:
    while select.select([requests], [], [], _IDLE_SECONDS)[0] and (line := requests.readline()):
        answers.write(_answer(Path(line.rstrip("\n"))) + "\n")
        answers.flush()


def _answer(path: Path) -> str:
    try:
        draw_preview(PreviewRequest.model_validate_json(path.read_bytes()))
    except UserError as error:
        return json.dumps(error.to_dict())
    except Exception as error:
        # One preview that breaks is no reason to end: the next may be of other images
        logger.exception("The preview %s broke", path)
        return json.dumps(InternalError(f"The preview broke: {type(error).__name__}: {error}").to_dict())
    return ""


if __name__ == "__main__":
    leave(main())
