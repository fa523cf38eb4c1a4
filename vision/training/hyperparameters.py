"""The resolved training parameters as the loop reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from vision.errors import Detail, InvalidDocumentError

_MAY_BE_MISSING = {
    "warmup_steps": None,
    "max_steps": None,
    "save_total_limit": None,
    "max_grad_norm": None,
    "layers_to_freeze": 0,
    "checkpoint_frequency": 0,
    "random_seed": None,
    "advanced_settings": "",
}


@dataclass(frozen=True)
class Hyperparameters:
    """SPEC §4.1, every value resolved. Task objects read their own from the same mapping."""

    number_of_epochs: int
    max_steps: int | None
    training_batch_size: int
    validation_batch_size: int
    gradient_accumulation_step: int
    early_stopping: bool
    early_stopping_patience: int
    early_stopping_delay: int
    learning_rate: float
    learning_rate_scheduler: str
    step_lr_gamma: float
    step_lr_step_size: int
    warmup_cosine_lr_cycles: float
    warmup_cosine_lr_warmup_epochs: int
    warmup_steps: int | None
    optimizer: str
    momentum: float
    weight_decay: float
    nesterov: bool
    beta1: float
    beta2: float
    ams_gradient: bool
    max_grad_norm: float | None
    evaluation_frequency: int
    checkpoint_frequency: int
    save_total_limit: int | None
    layers_to_freeze: int
    number_of_workers: int
    random_seed: int | None
    mixed_precision: str
    pretrained: str
    log_training_metrics: bool
    log_validation_loss: bool
    advanced_settings: str

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Hyperparameters:
        """Pick the loop's values from a run's resolved parameters.

        Raises:
            InvalidDocumentError: one is missing.
        """
        names = [field.name for field in fields(cls)]
        given: dict[str, Any] = {name: values.get(name) for name in names}
        given |= {name: default for name, default in _MAY_BE_MISSING.items() if given[name] is None}
        missing = [name for name, value in given.items() if value is None and name not in _MAY_BE_MISSING]
        if missing:
            raise InvalidDocumentError(
                "The run document lacks resolved training parameters.",
                hint="Resolve a job's parameters before a run is written.",
                details=[Detail(f"{name} is missing", path=f"parameters.{name}") for name in missing],
            )
        for name in ("log_training_metrics", "log_validation_loss"):
            given[name] = _is_enabled(given[name])
        return cls(**given)

    @property
    def should_stream_images(self) -> bool:
        """`advanced_settings.stream_image_files`: decode on demand instead of once before training (SPEC §4.8)."""
        settings = json.loads(self.advanced_settings) if self.advanced_settings else {}
        return bool(settings.get("stream_image_files", False))


def _is_enabled(value: Any) -> bool:
    return value.lower() == "enable" if isinstance(value, str) else bool(value)
