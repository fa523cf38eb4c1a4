"""The files of a trial in groups, each with what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MLFLOW = "outputs/mlflow-model/"
_GROUPS = (
    ("The model", ("outputs/",), "Weights, and the MLflow model that is registered and served."),
    ("Artifacts", ("train_artifacts/",), "ONNX for other programs, labels, metrics by label, the images of each side."),
    ("Evaluation", ("evaluation/",), "Reports as JSON, and every image with its prediction as Parquet."),
    ("Log", ("logs/",), "What the training said."),
    ("Other files", ("",), ""),
)


def group_files(files: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`{title, help, files, folded}`: groups that hold anything; `folded` are the many files of the MLflow model."""
    left, groups = list(files), []
    for title, prefixes, text in _GROUPS:
        mine = [file for file in left if file["path"].startswith(prefixes)]
        left = [file for file in left if not file["path"].startswith(prefixes)]
        folded = [file for file in mine if file["path"].startswith(_MLFLOW)]
        if mine:
            shown = [file for file in mine if file not in folded]
            total = sum(file["size"] for file in folded)
            groups.append({"title": title, "help": text, "files": shown, "folded": folded, "folded_size": total})
    return groups
