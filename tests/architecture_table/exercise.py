"""All checks of one case."""

from __future__ import annotations

import gc
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import torch

from tests.architecture_table.cases import Case
from tests.architecture_table.checks import CHECKS, BrokenError
from tests.architecture_table.trial import SmallTrial


@dataclass
class Result:
    """`failures`: the reason by the check's title."""

    case: Case
    millions: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)


def exercise(case: Case, is_short: bool = False) -> Result:
    """Carry the case out in a folder that is gone afterwards: large networks leave gigabytes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums are exact only when split among as many threads, and small ones are not worth it
    result = Result(case)
    # BEiT keeps tensors for all networks of the process: those made in inference mode would be no good for the training
    # that follows here, as it never does in a process of the product
    plain = patch.object(torch, "inference_mode", torch.no_grad)
    with plain, tempfile.TemporaryDirectory(prefix="architecture-") as folder:
        _prove_all(SmallTrial(case, Path(folder), is_short), result)
    torch.set_num_threads(threads)
    gc.collect()
    return result


def _prove_all(trial: SmallTrial, result: Result) -> None:
    for check in CHECKS:
        try:
            check.prove(trial)
        except Exception as error:  # noqa: BLE001 - whatever a network raises is what its row says
            reason = str(error) if isinstance(error, BrokenError) else f"{type(error).__name__}: {error}"
            result.failures[check.title] = " ".join(reason.split())[:300]
        if "session" not in trial.__dict__ and check is CHECKS[0]:  # nothing was trained: there is nothing to look at
            result.failures |= {later.title: "nothing was trained" for later in CHECKS[1:]}
            return
        if check is CHECKS[0]:
            result.millions = sum(weight.numel() for weight in trial.session.trainer.module.parameters()) / 1e6
