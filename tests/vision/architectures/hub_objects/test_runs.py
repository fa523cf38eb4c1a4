"""Whole runs with networks of the Hub that find boxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.vision.architectures.hub_objects.networks import LISTED, NAME, SEGMENTATION, SIDE, build, publish, task_of
from tests.vision.training.object_runs import make_object_run
from tests.vision.training.runs import fit, metrics_by_epoch, train
from vision.architectures.continuing import load_run_weights, read_run_weights
from vision.inference.predictor import Predictor
from vision.training.inputs.rows import read_rows
from vision.training.run_document import RunDocument

pytestmark = pytest.mark.heavy


def make_hub_run(folder: Path, kind: str, **changes: Any) -> RunDocument:
    publish(folder / "weights", kind)
    settings = {
        "images": 8,
        "image_size": SIDE if task_of(kind) != SEGMENTATION else SIDE // 2,
        "nms_iou_threshold": 1.0,
        "box_score_threshold": 0.05,
        "learning_rate": 1e-3,
        "max_grad_norm": 0.1,
        "layers_to_freeze": 1,
        "pretrained": "auto",
        "weights_dir": folder / "weights",
        "offline": True,
    }
    return make_object_run(folder, NAME, masks=task_of(kind) == SEGMENTATION, **(settings | changes))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in [*LISTED, "mask2former"] if kind != "d_fine"])  # the table's own
def test_a_run_trains_resumes_packages_and_exports(kind: str, tmp_path: Path) -> None:
    tiles = {"tile_grid_size": "2x1"} if kind == "rt_detr_v2" else {}
    run = make_hub_run(tmp_path / "whole", kind, **tiles)
    events = train(run)
    assert events[-1]["type"] == "completed"
    assert next(event for event in events if event["type"] == "started")["pretrained"] == "model.safetensors"
    assert not [event for event in events if event["type"] == "note"]
    assert any("answers 4 validation images as the network does" in str(event.get("message")) for event in events)

    again = make_hub_run(tmp_path / "again", kind, **tiles)
    resumed = fit(again.model_copy(update={"resume_from": run.checkpoint_dir / "checkpoint-1.pt"}))
    assert resumed[2] == metrics_by_epoch(events)[2]

    for file in (tmp_path / "whole" / "weights" / "someone--finder").iterdir():
        file.unlink()  # a model needs nothing but its own folder
    predictor = Predictor.load(run.output_dir / "outputs" / "mlflow-model", "cpu")
    assert predictor.built.mean == (0, 0, 0)
    rows = read_rows(run.validation, run.images_dir)
    (answer,) = predictor.predict([Image.open(rows.blob(0))])
    found = json.loads(_read_predictions(run)[0])
    best = [(one["label"], one["score"]) for one in found if one["score"] >= 0.05][:3]
    assert [(one["label"], round(one["score"], 3)) for one in answer["boxes"][: len(best)]] == [
        (label, round(score, 3)) for label, score in best
    ]
    assert all(("polygon" in one) == (kind == "mask2former") for one in answer["boxes"])


def test_another_run_goes_on_from_its_weights_with_other_classes(tmp_path: Path) -> None:
    earlier = build("rt_detr_v2", labels=3, pretrained="auto")
    tensors = {name: value.clone() for name, value in earlier.module.state_dict().items()}
    facts = {"architecture": NAME, "label_names": json.dumps(["a", "b", "c"])}
    save_file(tensors, tmp_path / "model.safetensors", facts)
    torch.manual_seed(1)
    built = build("rt_detr_v2", labels=2, pretrained="auto")
    continued = load_run_weights(built, read_run_weights(tmp_path / "model.safetensors"), NAME, ["a", "d"])
    assert continued.new_heads
    for name, value in built.module.state_dict().items():
        assert name.startswith(built.heads) or torch.equal(value, tensors[name]), name


def _read_predictions(run: RunDocument) -> list[str]:
    import pyarrow.parquet as pq

    table = pq.read_table(run.output_dir / "evaluation" / "predictions.parquet")
    return list(table.column("predictions").to_pylist())
