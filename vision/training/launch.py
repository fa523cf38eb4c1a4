"""How a training process is started: the command line and its environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import vision

SHARED_PROCESSORS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for one another sleep instead of turning round: beside anything else that computes, training
is some twice as fast; alone it is a few hundredths slower."""

KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**32)}
"""glibc hands every freed block of 32 MiB back to the system, for the next step to get it anew page by page: up to a
tenth of the time an R-CNN takes on a processor. What a step used the next one uses again, in about as much memory."""


def training_command(run_path: Path, processes: int = 1) -> list[str]:
    """The command that trains what `run_path` says, with `processes` processes on this machine (one a GPU).

    Several are started by torchrun. One needs no launcher, which would hold half a gigabyte beside it.
    """
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [sys.executable, *(launcher if processes > 1 else []), "-m", "vision.training", str(run_path)]


def count_processes(devices: str | None, is_distributed: bool) -> int:
    """One process for each GPU in `devices` (what CUDA_VISIBLE_DEVICES says), or one in all."""
    visible = [device for device in (devices or "").split(",") if device.strip()]
    return max(1, len(visible)) if is_distributed else 1


def training_environment(cpu_threads: int) -> dict[str, str]:
    """This process's environment with what training needs: `cpu_threads` a process, our package on the path.

    How threads wait (`OMP_WAIT_POLICY`) and memory is kept (`MALLOC_…`) stays as the user has set it.
    """
    root = str(Path(vision.__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **SHARED_PROCESSORS,
        **KEPT_MEMORY,
        **os.environ,
        "OMP_NUM_THREADS": str(max(1, cpu_threads)),
        "MKL_NUM_THREADS": str(max(1, cpu_threads)),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
