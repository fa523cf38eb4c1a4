"""Names that Azure documents and nothing here obeys: what to write instead, and which values say what is done anyway.

Accepting any other value in silence would train something else than was asked. Source: SPEC §4.1, §4.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vision.catalog.task_types import TASK_TYPES
from vision.spec.parameter import fold


@dataclass(frozen=True)
class Elsewhere:
    """`advice` is said of any value but those that are `harmless`: they describe what happens in any case."""

    advice: str
    harmless: tuple[Any, ...] = ()


_ANY_COUNT = object()  # counts of a strategy that cannot be chosen
_BY_EPOCH = Elsewhere("Darkroom validates, logs and saves by epochs; leave it out.", ("epoch",))
_STEPS = Elsewhere("Darkroom validates, logs and saves by epochs; leave it out.", (_ANY_COUNT,))
_START = "Give checkpoint_run_id, the trial whose weights to start from."

ELSEWHERE: Mapping[str, Elsewhere] = {
    "split_ratio": Elsewhere("Give the share as validation_data_size beside training_data."),
    "checkpoint_dataset_id": Elsewhere(_START),
    "checkpoint_filename": Elsewhere(_START),
    "mlflow_model": Elsewhere(_START),
    "pytorch_model": Elsewhere(_START),
    "resume_from_checkpoint": Elsewhere(_START, (False,)),
    "download_from_source": Elsewhere("A Hub network always comes from the Hub; leave it out.", (True, False)),
    "max_steps": Elsewhere("Give number_of_epochs.", (-1,)),
    "extra_optim_args": Elsewhere("Give momentum, nesterov, beta1, beta2 and ams_gradient by their names.", ("",)),
    "image_width": Elsewhere("Give training_crop_size and validation_crop_size.", (-1,)),
    "image_height": Elsewhere("Give training_crop_size and validation_crop_size.", (-1,)),
    "apply_deepspeed": Elsewhere("DeepSpeed is not used; leave it out.", (False,)),
    "apply_ort": Elsewhere("ONNX Runtime is not used for training; leave it out.", (False,)),
    "evaluation_strategy": _BY_EPOCH,
    "logging_strategy": _BY_EPOCH,
    "save_strategy": _BY_EPOCH,
    "evaluation_steps": _STEPS,
    "logging_steps": _STEPS,
    "save_steps": _STEPS,
    "save_total_limit": Elsewhere("Give checkpoint_frequency: which checkpoints are kept besides the best."),
    "save_as_mlflow_model": Elsewhere("The model is always an MLflow model; leave it out.", (True,)),
}


def explain_elsewhere(name: str, value: Any, task_type: str) -> str | None:
    """What to say of one of these names; empty where its value is what is done anyway, None for any other name."""
    if name == "task_name":
        is_same = fold(str(value)) == fold(task_type)
        return "" if is_same else f"The task is {task_type}, said by task at the top; leave it out."
    if name == "metric_for_best_model":
        metric = TASK_TYPES.get(task_type).primary_metric
        return "" if str(value).lower() == metric else f"The best epoch is that of the best {metric}; leave it out."
    entry = ELSEWHERE.get(name)
    if entry is None:
        return None
    return "" if _is_harmless(entry, value) else entry.advice


def _is_harmless(entry: Elsewhere, value: Any) -> bool:
    if _ANY_COUNT in entry.harmless:
        return isinstance(value, int) and not isinstance(value, bool)
    return any(str(value).strip().lower() == str(word).lower() for word in entry.harmless)
