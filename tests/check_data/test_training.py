"""Training on real photographs, from real pretrained weights, with the settings a job resolves by itself."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vision.training.resolved_runs import SPLITS, Row, carry_out, make_resolved_run
from tests.vision.training.runs import metrics_by_epoch

SECONDS = 600


@dataclass(frozen=True)
class Case:
    """A dataset, and what the primary metric must reach on its validation images."""

    dataset: str
    task_type: str
    bar: float


CASES = (
    Case("multiclass_flowers", "image_classification", 0.80),
    Case("multilabel_fruit_baskets", "image_classification_multilabel", 0.90),
)


def _read_split(source: Path, word: str) -> list[Row]:
    lines = (source / f"{word}-mltable-folder").glob("*_annotations.jsonl")
    rows = [json.loads(line) for path in lines for line in path.read_text(encoding="utf-8").splitlines()]
    return [(row["image_url"], (source / row["image_url"]).read_bytes(), row["label"]) for row in rows]


@pytest.mark.data
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.dataset)
def test_the_primary_metric_reaches_its_bar_in_time(tmp_path: Path, case: Case) -> None:
    shared = Path(os.environ["DARKROOM_DATA"])
    rows = {split: _read_split(shared / "data" / case.dataset, word) for word, split in SPLITS.items()}
    given = {"model_name": "mobilenetv2", "random_seed": 1}  # nothing set by hand but the seed
    run = make_resolved_run(tmp_path, case.task_type, rows, given, shared / "weights")
    finished = carry_out(run, SECONDS)
    metrics = metrics_by_epoch(finished.events)
    print({epoch: round(values[run.primary_metric], 3) for epoch, values in metrics.items()})
    completed = finished.completed
    print(f"best {completed['primary_metric']:.3f} in epoch {completed['best_epoch']}, {finished.seconds:.0f} s")
    assert completed["primary_metric"] >= case.bar
