"""A whole run over objects with outlines: it resumes exactly, leaves what others read, and another goes on from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.vision.training.object_runs import make_object_run
from tests.vision.training.runs import fit, metrics_by_epoch, train

SETTINGS: dict[str, Any] = {
    "images": 8,
    "masks": True,
    "checkpoint_frequency": 1,
    "box_score_threshold": 0.0,  # hardly trained, it is sure of nothing
    "multi_scale": True,
    "ema": True,
}


@pytest.mark.slow
def test_masks_are_trained_scored_resumed_exported_and_gone_on_from(tmp_path: Path) -> None:
    run = make_object_run(tmp_path / "whole", "yolov5_seg", **SETTINGS)
    events = train(run)
    whole = metrics_by_epoch(events)
    cut_off = make_object_run(tmp_path / "resumed", "yolov5_seg", **SETTINGS)
    resumed = fit(cut_off.model_copy(update={"resume_from": run.checkpoint_dir / "checkpoint-1.pt"}))
    assert resumed == {2: whole[2]}

    assert not [event for event in events if event["type"] == "note"]
    assert any("answers 4 validation images as the network does" in event.get("message", "") for event in events)
    report = json.loads((run.output_dir / "evaluation" / "evaluation.json").read_text())
    assert report["task_type"] == "image_instance_segmentation"
    rows = pq.read_table(run.output_dir / "evaluation" / "predictions.parquet").to_pylist()
    found = [one for row in rows for one in json.loads(row["predictions"])]
    assert found
    assert all("polygon" in one for one in found)

    start = {"start_from": run.output_dir / "outputs" / "model.safetensors", "checkpoint_run_id": "lamp_HD_0"}
    best = whole[events[-1]["best_epoch"]]["loss_valid"]
    # Nothing is learnt at rate 0: what the epoch costs is what was taken over, but for the averages of normalisation
    again = make_object_run(tmp_path / "again", "yolov5_seg", **SETTINGS | start | {"learning_rate": 0.0})
    assert fit(again)[1]["loss_valid"] == pytest.approx(best, rel=0.02)
