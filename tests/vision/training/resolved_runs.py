"""Runs as a job resolves them: the rules' settings for given rows, carried out in a training process of their own."""

from __future__ import annotations

import json
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vision.training.runs import Cell, write_rows
from vision.catalog.task_types import TASK_TYPES
from vision.data.sample import write_sample
from vision.spec.resolve import DataFacts, Machine, resolve_parameters
from vision.training.event_log import read_events
from vision.training.inputs.fill import usable_cpus
from vision.training.launch import training_command, training_environment
from vision.training.run_document import RunDocument

Row = tuple[str, bytes, Cell]
SPLITS = {"training": "train", "validation": "validation"}  # the word of Azure's folders, and of its files


@dataclass(frozen=True)
class Finished:
    """What came of a run: its `completed` event, every event, and how long the process took."""

    completed: dict[str, Any]
    events: list[dict[str, Any]]
    seconds: float


def render_sample(task_type: str, folder: Path, images: int) -> dict[str, list[Row]]:
    """The rows of the rendered sample, by split."""
    write_sample(task_type, folder / "sample.zip", images=images)
    with zipfile.ZipFile(folder / "sample.zip") as archive:
        return {split: _read_archive(archive, word, split) for word, split in SPLITS.items()}


def _read_archive(archive: zipfile.ZipFile, word: str, split: str) -> list[Row]:
    lines = archive.read(f"{word}-mltable-folder/{split}_annotations.jsonl").decode().splitlines()
    rows = [json.loads(line) for line in lines]
    return [(Path(row["image_url"]).name, archive.read(row["image_url"]), row["label"]) for row in rows]


def make_resolved_run(
    folder: Path,
    task_type: str,
    rows: Mapping[str, Sequence[Row]],
    given: Mapping[str, Any],
    weights_dir: Path | None = None,
) -> RunDocument:
    """`rows` by split; `given` is what a job's document would set, the rest is resolved for a CPU like this one."""
    named = Counter(name for row in rows["train"] for name in _names(row[2]))
    facts = DataFacts(len(rows["train"]), len(rows["validation"]), len(named), min(named.values()))
    values = resolve_parameters(task_type, given, facts, Machine(usable_cpus(), 8 * 2**30, ())).values
    run = RunDocument(
        task_type=task_type,
        architecture=values["model_name"],
        parameters=values,
        label_names=sorted(named),
        train=write_rows(folder, "train", rows["train"]),
        validation=write_rows(folder, "validation", rows["validation"]),
        images_dir=folder / "images",
        cache_dir=folder / "cache",
        weights_dir=weights_dir,
        offline=True,
        output_dir=folder / "output",
        checkpoint_dir=folder / "checkpoints",
        events_path=folder / "events.jsonl",
        primary_metric=TASK_TYPES.get(task_type).primary_metric,
    )
    run.write(folder / "run.json")
    return run


def carry_out(run: RunDocument, limit: float) -> Finished:
    """Run it as a worker does; over `limit` seconds is an error."""
    path = run.events_path.with_name("run.json")
    started = time.monotonic()
    subprocess.run(training_command(path), env=training_environment(usable_cpus()), check=True, timeout=limit)
    events = read_events(run.events_path)[0]
    return Finished(events[-1], events, time.monotonic() - started)


def _names(cell: Cell) -> list[str]:
    if isinstance(cell, str):
        return [cell]
    return [one if isinstance(one, str) else one["label"] for one in cell]
