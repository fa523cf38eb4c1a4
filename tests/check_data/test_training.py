"""Training on real photographs, from real pretrained weights, with the settings a job resolves by itself."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.vision.training.runs import metrics_by_epoch, write_rows
from vision.spec.resolve import DataFacts, Machine, resolve_parameters
from vision.training.event_log import read_events
from vision.training.inputs.fill import usable_cpus
from vision.training.launch import training_command, training_environment
from vision.training.run_document import RunDocument

ACCURACY = 0.80
SECONDS = 600


def flowers_run(folder: Path) -> RunDocument:
    """multiclass_flowers with mobilenetv2, nothing set by hand but the seed."""
    shared = Path(os.environ["DARKROOM_DATA"])
    splits = {kind: _read_split(shared / "data" / "multiclass_flowers", kind) for kind in ("training", "validation")}
    labels = [label for _, _, label in splits["training"]]
    names = sorted(set(labels))
    facts = DataFacts(len(labels), len(splits["validation"]), len(names), min(labels.count(name) for name in names))
    machine = Machine(usable_cpus(), 8 * 2**30, ())
    given = {"model_name": "mobilenetv2", "random_seed": 1}
    return RunDocument(
        task_type="image_classification",
        architecture="mobilenetv2",
        parameters=resolve_parameters("image_classification", given, facts, machine).values,
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
    )


def _read_split(source: Path, kind: str) -> list[tuple[str, bytes, str]]:
    lines = (source / f"{kind}-mltable-folder").glob("*_annotations.jsonl")
    rows = [json.loads(line) for path in lines for line in path.read_text(encoding="utf-8").splitlines()]
    return [(row["image_url"], (source / row["image_url"]).read_bytes(), row["label"]) for row in rows]


@pytest.mark.data
@pytest.mark.timeout(SECONDS + 120)
def test_flowers_reach_their_accuracy_in_time(tmp_path: Path) -> None:
    run = flowers_run(tmp_path)
    run.write(tmp_path / "run.json")
    started = time.monotonic()
    command, environment = training_command(tmp_path / "run.json"), training_environment(usable_cpus())
    subprocess.run(command, env=environment, check=True, timeout=SECONDS)
    seconds = time.monotonic() - started
    events = read_events(run.events_path)[0]
    completed = events[-1]
    print({epoch: round(values["accuracy"], 3) for epoch, values in metrics_by_epoch(events).items()})
    print(f"best {completed['primary_metric']:.3f} in epoch {completed['best_epoch']}, {seconds:.0f} s")
    assert completed["primary_metric"] >= ACCURACY
