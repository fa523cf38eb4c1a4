"""Names that Azure documents and nothing here obeys: what to write instead, and which values say what is done anyway.

Accepting any other value in silence would train something else than was asked. Source: SPEC §4.1, §4.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vision.spec.parameter import fold


@dataclass(frozen=True)
class Elsewhere:
    """`advice` is said of any value but those that are `harmless`: they describe what happens in any case."""

    advice: str
    harmless: tuple[Any, ...] = ()


_ANY_COUNT = object()
_START = "Give checkpoint_run_id, the trial whose weights to start from."
_RESUME = "Give checkpoint_run_id, the trial to go on with, and checkpoint_state: last."

ELSEWHERE: Mapping[str, Elsewhere] = {
    "split_ratio": Elsewhere("Give the share as validation_data_size beside training_data."),
    "checkpoint_dataset_id": Elsewhere(_START),
    "checkpoint_filename": Elsewhere(_START),
    "mlflow_model": Elsewhere(_START),
    "pytorch_model": Elsewhere(_START),
    "resume_from_checkpoint": Elsewhere(_RESUME, (False,)),
    "download_from_source": Elsewhere("A Hub network always comes from the Hub; leave it out.", (True, False)),
    # Ways to train the same faster, and how often a loss is written down: the result is the same
    "apply_deepspeed": Elsewhere("Must be true or false; DeepSpeed is not used.", (True, False)),
    "apply_ort": Elsewhere("Must be true or false; ONNX Runtime is not used for training.", (True, False)),
    "logging_strategy": Elsewhere("Must be epoch or steps; the loss is told while it trains.", ("epoch", "steps")),
    "logging_steps": Elsewhere("Must be a number of steps; the loss is told while it trains.", (_ANY_COUNT,)),
    "save_as_mlflow_model": Elsewhere("The model is always an MLflow model; leave it out.", (True,)),
}


def explain_elsewhere(name: str, value: Any, task_type: str) -> str | None:
    """What to say of one of these names; empty where its value is what is done anyway, None for any other name."""
    if name == "task_name":
        is_same = fold(str(value)) == fold(task_type)
        return "" if is_same else f"The task is {task_type}, said by task at the top; leave it out."
    entry = ELSEWHERE.get(name)
    if entry is None:
        return None
    return "" if _is_harmless(entry, value) else entry.advice


def _is_harmless(entry: Elsewhere, value: Any) -> bool:
    if _ANY_COUNT in entry.harmless:
        return isinstance(value, int) and not isinstance(value, bool)
    return any(str(value).strip().lower() == str(word).lower() for word in entry.harmless)
