"""How an embedding process is started: the command line and its environment."""

from __future__ import annotations

import sys
from pathlib import Path

from vision.training.launch import training_environment


def embedding_command(request: Path) -> list[str]:
    """The command that does what the request file says."""
    return [sys.executable, "-m", "vision.embedding", str(request)]


def embedding_environment(threads: int, gpus: str) -> dict[str, str]:
    """This process's environment with the GPUs it may look at: "all", "none", or indices as in "0,2"."""
    environment = training_environment(threads)
    wanted = gpus.strip().lower()
    if wanted == "all":
        environment.pop("CUDA_VISIBLE_DEVICES", None)  # a worker that takes no trials was given none
    else:
        environment["CUDA_VISIBLE_DEVICES"] = "" if wanted == "none" else wanted
    return environment
