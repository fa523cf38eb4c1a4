"""Training on real photographs, from real pretrained weights, with the settings a job resolves by itself."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vision.training.runs import metrics_by_epoch, write_rows
from vision.catalog.task_types import TASK_TYPES
from vision.spec.resolve import DataFacts, Machine, resolve_parameters
from vision.training.event_log import read_events
from vision.training.inputs.fill import usable_cpus
from vision.training.launch import training_command, training_environment
from vision.training.run_document import RunDocument

SECONDS = 600
Row = tuple[str, bytes, str | list[str]]


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


def make_run(case: Case, folder: Path) -> RunDocument:
    """The dataset with mobilenetv2, nothing set by hand but the seed."""
    shared = Path(os.environ["DARKROOM_DATA"])
    splits = {kind: _read_split(shared / "data" / case.dataset, kind) for kind in ("training", "validation")}
    labels = [label for row in splits["training"] for label in _labels_of(row)]
    names = sorted(set(labels))
    counts = [labels.count(name) for name in names]
    facts = DataFacts(len(splits["training"]), len(splits["validation"]), len(names), min(counts))
    machine = Machine(usable_cpus(), 8 * 2**30, ())
    given = {"model_name": "mobilenetv2", "random_seed": 1}
    return RunDocument(
        task_type=case.task_type,
        architecture="mobilenetv2",
        parameters=resolve_parameters(case.task_type, given, facts, machine).values,
        label_names=names,
        train=write_rows(folder, "train", splits["training"]),
        validation=write_rows(folder, "validation", splits["validation"]),
        images_dir=folder / "images",
        cache_dir=folder / "cache",
        weights_dir=shared / "weights",
        offline=True,
        output_dir=folder / "output",
        checkpoint_dir=folder / "checkpoints",
        events_path=folder / "events.jsonl",
        primary_metric=TASK_TYPES.get(case.task_type).primary_metric,
    )


def _read_split(source: Path, kind: str) -> list[Row]:
    lines = (source / f"{kind}-mltable-folder").glob("*_annotations.jsonl")
    rows = [json.loads(line) for path in lines for line in path.read_text(encoding="utf-8").splitlines()]
    return [(row["image_url"], (source / row["image_url"]).read_bytes(), row["label"]) for row in rows]


def _labels_of(row: Row) -> list[str]:
    return [row[2]] if isinstance(row[2], str) else row[2]


@pytest.mark.data
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.dataset)
def test_the_primary_metric_reaches_its_bar_in_time(tmp_path: Path, case: Case) -> None:
    run = make_run(case, tmp_path)
    run.write(tmp_path / "run.json")
    started = time.monotonic()
    command, environment = training_command(tmp_path / "run.json"), training_environment(usable_cpus())
    subprocess.run(command, env=environment, check=True, timeout=SECONDS)
    seconds = time.monotonic() - started
    events = read_events(run.events_path)[0]
    completed = events[-1]
    print({epoch: round(values[run.primary_metric], 3) for epoch, values in metrics_by_epoch(events).items()})
    print(f"best {completed['primary_metric']:.3f} in epoch {completed['best_epoch']}, {seconds:.0f} s")
    assert completed["primary_metric"] >= case.bar
