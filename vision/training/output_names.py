"""Where a finished run's evaluation lies among its outputs. Read by the web too, so torch is not loaded here."""

from __future__ import annotations

from dataclasses import dataclass

FOLDER = "evaluation"


@dataclass(frozen=True)
class EvaluationFiles:
    """The files of one split, below the folder of outputs."""

    report: str
    predictions: str


VALIDATION, TEST = "validation", "test"
EVALUATION_FILES = {
    VALIDATION: EvaluationFiles(f"{FOLDER}/evaluation.json", f"{FOLDER}/predictions.parquet"),
    TEST: EvaluationFiles(f"{FOLDER}/test_evaluation.json", f"{FOLDER}/test_predictions.parquet"),
}
