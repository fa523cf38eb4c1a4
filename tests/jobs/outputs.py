"""The outputs that a completed trial leaves in storage, from made-up probabilities and the real metrics."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.utils import timezone

from datasets import storage
from jobs.models import MetricPoint, Trial, TrialLogChunk
from vision.metrics.accuracy_table import accuracy_table
from vision.metrics.bootstrap import bootstrap_mean
from vision.metrics.certainty import describe_certainty
from vision.metrics.classification import (
    averages_table,
    classification_metrics,
    confusion_matrix,
    one_hot,
    per_label_metrics,
)
from vision.metrics.curves import classification_curves
from vision.metrics.label_thresholds import thresholds_report
from vision.metrics.multilabel import count_mix_ups, image_ious, multilabel_metrics, per_label_table
from vision.metrics.ranking_curves import ranking_curves
from vision.training.output_names import EVALUATION_FILES, VALIDATION

Named = tuple[int, str, str, Any]
"""Row, path, SHA-256 and truth of an image."""
Outputs = tuple[dict[str, Any], dict[str, Any], bytes]


def write_outputs(
    trial: Trial, label_names: list[str], rows: list[dict[str, Any]], seed: int = 7, split: str = VALIDATION
) -> None:
    """`rows` are `{"row", "path", "sha256", "truth"}`; the predictions are mostly right."""
    listed = tuple((row["row"], row["path"], row["sha256"], row["truth"]) for row in rows)
    _store(trial, _name_images(tuple(label_names), listed, seed, split), "accuracy", split)
    if split == VALIDATION:
        storage.write_bytes(f"{trial.outputs_key}/logs/azureml_automl_vision.log", b"epoch 1\n")


@lru_cache(maxsize=8)
def _name_images(names: tuple[str, ...], listed: tuple[Named, ...], seed: int, split: str) -> Outputs:
    """Summary, report and file of predictions, made once a run of the tests; likewise below."""
    label_names = list(names)
    rng = np.random.default_rng(seed)
    rows, truth = _read_named(listed), np.array([label_names.index(name) for *_, name in listed])
    scores = rng.normal(size=(len(rows), len(label_names))) + 2.0 * np.eye(len(label_names))[truth]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    metrics = classification_metrics(truth, probabilities)
    confidence = bootstrap_mean("accuracy", probabilities.argmax(axis=1) == truth)
    assert confidence is not None
    positives = one_hot(truth, len(label_names))
    report = {
        "task_type": "image_classification",
        "split": split,
        "images": len(rows),
        "label_names": label_names,
        "metrics": metrics,
        "confidence": confidence.to_dict(),
        "confusion_matrix": confusion_matrix(truth, probabilities),
        "per_label": per_label_metrics(truth, probabilities, label_names),
        "averages": averages_table(metrics),
        "thresholds": describe_certainty(truth, probabilities),
        "curves": classification_curves(positives, probabilities, label_names)
        | ranking_curves(positives, probabilities, label_names),
        "accuracy_table": accuracy_table(positives, probabilities, label_names),
    }
    return metrics | confidence.bounds(), report, _predictions(rows, truth, probabilities, label_names)


def _read_named(listed: tuple[Named, ...]) -> list[dict[str, Any]]:
    return [dict(zip(("row", "path", "sha256"), one[:3], strict=True)) for one in listed]


def _predictions(rows: list[dict[str, Any]], truth: np.ndarray, probabilities: np.ndarray, names: list[str]) -> bytes:
    places, predicted = np.arange(len(rows)), probabilities.argmax(axis=1)
    table = pa.table(
        {
            "row": [row["row"] for row in rows],
            "path": [row["path"] for row in rows],
            "sha256": [row["sha256"] for row in rows],
            "width": [48] * len(rows),
            "height": [40] * len(rows),
            "truth": [names[index] for index in truth],
            "predicted": [names[index] for index in predicted],
            "probability": probabilities[places, predicted],
            "truth_probability": probabilities[places, truth],
            "probabilities": probabilities.tolist(),
            "loss": -np.log(probabilities[places, truth]),
        }
    )
    return _write(table)


def write_label_outputs(trial: Trial, label_names: list[str], rows: list[dict[str, Any]], seed: int = 7) -> None:
    """The same of a multi-label trial: `truth` of each row is a list of names."""
    listed = tuple((row["row"], row["path"], row["sha256"], tuple(row["truth"])) for row in rows)
    _store(trial, _name_labels(tuple(label_names), listed, seed), "iou")


@lru_cache(maxsize=8)
def _name_labels(names: tuple[str, ...], listed: tuple[Named, ...], seed: int) -> Outputs:
    label_names = list(names)
    rng = np.random.default_rng(seed)
    rows, truth = _read_named(listed), np.array([[name in one[3] for name in names] for one in listed])
    probabilities = 1 / (1 + np.exp(-rng.normal(size=truth.shape) * 1.2 - 3.0 * (truth - 0.5)))
    predicted = probabilities >= 0.5
    metrics = multilabel_metrics(truth, probabilities)
    confidence = bootstrap_mean("iou", image_ious(truth, predicted))
    assert confidence is not None
    report = {
        "task_type": "image_classification_multilabel",
        "split": "validation",
        "images": len(rows),
        "label_names": label_names,
        "metrics": metrics,
        "confidence": confidence.to_dict(),
        "mix_ups": count_mix_ups(truth, predicted),
        "per_label": per_label_table(truth, probabilities, label_names),
        "averages": averages_table(metrics),
        "thresholds": thresholds_report(truth, probabilities),
        "curves": classification_curves(truth, probabilities, label_names)
        | ranking_curves(truth, probabilities, label_names),
        "accuracy_table": accuracy_table(truth, probabilities, label_names),
    }
    table = pa.table(
        {
            **{key: [row[key] for row in rows] for key in ("row", "path", "sha256")},
            "width": [48] * len(rows),
            "height": [40] * len(rows),
            "truth": _name_all(truth, label_names),
            "predicted": _name_all(predicted, label_names),
            "missed_labels": _name_all(truth & ~predicted, label_names),
            "false_labels": _name_all(~truth & predicted, label_names),
            "is_right": (truth == predicted).all(axis=1),
            "probability": np.maximum(probabilities, 1 - probabilities).min(axis=1),
            "probabilities": probabilities.tolist(),
            "loss": -np.log(np.where(truth, probabilities, 1 - probabilities)).mean(axis=1),
        }
    )
    return metrics | confidence.bounds(), report, _write(table)


def write_object_outputs(
    trial: Trial, label_names: list[str], rows: list[dict[str, Any]], blind_to: frozenset[int] = frozenset()
) -> None:
    """The same of a trial that finds objects, by masks where its job is of instance segmentation: random scenes with
    crowds, images without objects and images without finds. `rows` are `{"row", "path", "sha256"}`; in those at the
    places `blind_to` nothing is found."""
    listed = tuple((row["row"], row["path"], row["sha256"]) for row in rows)
    found = _find_objects(trial.job.task_type, tuple(label_names), listed, blind_to)
    _store(trial, found, "mean_average_precision")


@lru_cache(maxsize=4)
def _find_objects(
    task_type: str, names: tuple[str, ...], listed: tuple[tuple[int, str, str], ...], blind_to: frozenset[int]
) -> Outputs:
    from tests.vision.metrics.detection.scenes import HEIGHT, WIDTH, draw_scenes, find
    from vision.tasks.detection.labels import SplitLabels
    from vision.tasks.detection.predictions import write_predictions
    from vision.tasks.detection.scoring import Scorer
    from vision.training.inputs.rows import ImageRows

    count, by_masks = len(listed), task_type == "image_instance_segmentation"
    truth, found = draw_scenes(count, len(names), seed=7)
    found = [find([]) if place in blind_to else one for place, one in enumerate(found)]
    if not by_masks:
        found = [replace(one, masks=None) for one in found]
    row, path, sha256 = map(list, zip(*listed, strict=True))
    cells = [json.dumps(_cell(one, names, by_masks)) for one in truth]
    size, nothing = ([WIDTH] * count, [HEIGHT] * count), [[]] * count
    labels = SplitLabels(
        ImageRows(Path(), row, path, sha256, ["JPEG"] * count, *size, nothing, cells), list(names), by_masks
    )
    scorer = Scorer(task_type, list(names), 0.5, 0.3, "voc")
    evaluation = scorer.evaluate(labels.list_truth(range(count)), found, VALIDATION, row)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "predictions.parquet"
        write_predictions(scorer, labels, range(count), found, file)
        return evaluation.metrics | evaluation.bounds, evaluation.report, file.read_bytes()


def _cell(truth: Any, names: Sequence[str], by_masks: bool) -> list[dict[str, Any]]:
    cell = []
    for box, label, crowd in zip(truth.boxes, truth.labels, truth.crowd, strict=True):
        left, top, right, bottom = (box / ([truth.width, truth.height] * 2)).tolist()
        one: dict[str, Any] = {"label": names[label], "isCrowd": int(crowd)}
        if by_masks:
            one["polygon"] = [[left, top, right, top, right, bottom, left, bottom]]
        else:
            one |= {"topX": left, "topY": top, "bottomX": right, "bottomY": bottom}
        cell.append(one)
    return cell


def _store(trial: Trial, outputs: Outputs, primary_metric: str, split: str = VALIDATION) -> None:
    """Put the files where the trial keeps its outputs; what it is ranked by is of the validation split."""
    summary, report, predictions = outputs
    key, files = f"trials/{trial.name}", EVALUATION_FILES[split]
    storage.write_bytes(f"{key}/{files.report}", json.dumps(report).encode())
    storage.write_bytes(f"{key}/{files.predictions}", predictions)
    if split == VALIDATION:
        trial.outputs_key, trial.summary, trial.primary_metric = key, dict(summary), summary[primary_metric]
        trial.save()


def _name_all(chosen: np.ndarray, names: list[str]) -> pa.Array:
    return pa.array([[names[index] for index in np.flatnonzero(row)] for row in chosen], pa.list_(pa.string()))


def _write(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def write_history(trial: Trial, epochs: int) -> None:
    """Falling losses, rising accuracy, and a log."""
    now = timezone.now()
    for epoch in range(1, epochs + 1):
        values = {
            "loss_train": 1.1 / epoch**0.8,
            "loss_valid": 1.2 / epoch**0.6,
            "accuracy": 1 - 0.6 / epoch**0.7,
            "balanced_accuracy": 1 - 0.65 / epoch**0.7,
            "f1_score_macro": 1 - 0.62 / epoch**0.7,
            "learning_rate": 0.01 * (1 - epoch / (epochs + 1)),
        }
        MetricPoint.objects.bulk_create(
            MetricPoint(trial=trial, name=name, epoch=epoch, value=value, logged_at=now)
            for name, value in values.items()
        )
    text = "".join(f"2026-01-01 00:00:{epoch:02d} epoch {epoch} of {epochs}\n" for epoch in range(1, epochs + 1))
    TrialLogChunk.objects.create(trial=trial, offset=0, text=text)
