"""`python -m vision.architectures.inspect PATH`: how many tensors a file of weights holds, as JSON on one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from vision.errors import WeightsUnavailableError
from vision.interpreter import import_torchvision, importing, leave

with importing():
    import_torchvision()
    from vision.architectures.weights import read_tensors


def main(path: str) -> None:
    try:
        told: dict[str, object] = {"tensors": len(read_tensors(Path(path)))}
        if not told["tensors"]:
            told = {"error": "it holds no tensors"}
    except WeightsUnavailableError as error:
        told = {"error": error.message.removeprefix(f"{Path(path).name} ").rstrip(".")}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
    leave(0)
