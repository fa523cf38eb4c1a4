"""What a packaged model says of itself, and the files it is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.errors import Detail, InvalidDocumentError
from vision.spec.settings import InferenceSettings, parse_settings

ARTIFACTS = "artifacts"
WEIGHTS = "model.safetensors"
CARD = "model.json"
LABELS = "labels.json"
SETTINGS = "settings.json"


class ModelCard(BaseModel):
    """The facts of a trained model that predictions need.

    `options` are the parameters that shaped the network; `mean` and `std` are of RGB in 0–1.
    """

    model_config = ConfigDict(frozen=True)

    format_version: Literal[1] = 1
    task_type: str
    architecture: str
    options: Mapping[str, Any] = {}
    label_names: Sequence[str] = Field(min_length=1)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    metrics: Mapping[str, float] = {}
    trained_at: str = ""


def read_card(folder: Path) -> ModelCard:
    """The card of the MLflow model in `folder`.

    Raises:
        InvalidDocumentError: not a model that Darkroom packaged.
    """
    path = folder / ARTIFACTS / CARD
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise _not_ours(path, error) from error


def read_settings(folder: Path, card: ModelCard) -> InferenceSettings:
    """The inference settings of the MLflow model in `folder`, checked for what its card says it is.

    Raises:
        InvalidDocumentError: missing, or a value out of range; details name the key.
    """
    path = folder / ARTIFACTS / SETTINGS
    try:
        values = load_json_object(path)
    except (OSError, ValueError) as error:
        raise _not_ours(path, error) from error
    return parse_settings(values, card.architecture, card.options, card.task_type)


def load_json_object(path: Path) -> dict[str, object]:
    """A JSON file that holds one object.

    Raises:
        ValueError: it holds something else.
    """
    value = json.loads(path.read_bytes())
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _not_ours(path: Path, error: Exception) -> InvalidDocumentError:
    reason = str(error).splitlines()[0]
    return InvalidDocumentError(
        f"{path.name} of the model cannot be read: {reason}.",
        hint="The folder must be an MLflow model that Darkroom packaged.",
        details=[Detail(reason, file=f"{ARTIFACTS}/{path.name}")],
    )
