"""The entry point of a packaged model. MLflow runs this file (models from code) with `code/` on the path."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext  # type: ignore[attr-defined]

from vision.inference.predictor import Predictor
from vision.spec.scoring import ScoringItem, parse_scoring_request


class DarkroomModel(PythonModel):  # type: ignore[misc]
    """Takes a table with the column `image` (base64 text, a scoring item as JSON text, or the bytes of a file)."""

    def load_context(self, context: PythonModelContext) -> None:
        folder = Path(context.artifacts["settings.json"]).parent.parent
        self._predictor = Predictor.load(folder)

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # MLflow reads hints as a schema
        """One row an image: `probs` and `labels`, and `visualizations`, `attributions` where they were asked for."""
        column = model_input["image"] if isinstance(model_input, pd.DataFrame) else model_input
        return pd.DataFrame(self._predictor.score([_read_item(value) for value in column]))


def _read_item(value: object) -> ScoringItem:
    if isinstance(value, bytes | bytearray | memoryview):
        return ScoringItem(bytes(value))
    return parse_scoring_request(json.dumps({"input_data": {"data": [value]}}).encode())[0]


mlflow.models.set_model(DarkroomModel())
