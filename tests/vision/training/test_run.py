"""One whole run in this process: what it says and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from tests.vision.training.runs import make_run, metrics_by_epoch, train
from vision.architectures import build_architecture
from vision.errors import InvalidDatasetError, WeightsUnavailableError

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory):
    run = make_run(
        tmp_path_factory.mktemp("run"),
        images=12,
        architecture="resnet18",
        number_of_epochs=6,
        optimizer="adam",
        learning_rate=0.001,
        augmentations="light",
    )
    return run, train(run)


def test_events_tell_the_whole_story(finished) -> None:
    _, events = finished
    phases = [event["phase"] for event in events if event["type"] == "phase"]
    assert list(dict.fromkeys(phases)) == ["Preparing", "Running", "Finalizing"]
    started = next(event for event in events if event["type"] == "started")
    assert started["images"] == {"train": 36, "validation": 18}
    assert started["world_size"] == 1
    assert started["pretrained"] is None
    assert events[-1]["type"] == "completed"


def test_each_epoch_tells_metrics_then_its_checkpoint(finished) -> None:
    _, events = finished
    told = [(event["type"], event["epoch"]) for event in events if event["type"] in ("metrics", "checkpoint")]
    assert told == [(kind, epoch) for epoch in range(1, 7) for kind in ("metrics", "checkpoint")]
    last = [event for event in events if event["type"] == "checkpoint"][-1]
    assert Path(last["path"]).is_file()


def test_progress_is_told_at_the_end_of_each_epoch(finished) -> None:
    _, events = finished
    last = [event for event in events if event["type"] == "progress"][-1]
    assert (last["epoch"], last["epochs"], last["step"]) == (6, 6, last["steps"])
    assert last["seconds_left"] == 0
    assert last["images_per_second"] > 0


def test_it_learns_and_reports_the_best_epoch(finished) -> None:
    _, events = finished
    metrics = metrics_by_epoch(events)
    assert min(values["loss_train"] for values in metrics.values()) < metrics[1]["loss_train"]
    best = events[-1]
    assert best["primary_metric"] >= 0.9
    assert best["primary_metric"] == max(values["accuracy"] for values in metrics.values())
    assert best["primary_metric"] == metrics[best["best_epoch"]]["accuracy"]
    assert best["metrics"]["AUC_weighted"] == metrics[best["best_epoch"]]["AUC_weighted"]


def test_evaluation_scores_the_best_epoch(finished) -> None:
    run, events = finished
    report = json.loads((run.output_dir / "evaluation" / "evaluation.json").read_text())
    assert report["split"] == "validation"
    assert report["images"] == 18
    assert report["metrics"]["accuracy"] == events[-1]["primary_metric"]
    matrix = report["confusion_matrix"]
    assert sum(map(sum, matrix)) == 18
    assert sum(matrix[index][index] for index in range(3)) / 18 == pytest.approx(report["metrics"]["accuracy"])
    assert [row["label"] for row in report["per_label"]] == ["amber", "blue", "green"]


def test_predictions_hold_a_row_an_image(finished) -> None:
    run, events = finished
    rows = pq.read_table(run.output_dir / "evaluation" / "predictions.parquet").to_pylist()
    assert [row["row"] for row in rows] == list(range(18))
    right = sum(row["truth"] == row["predicted"] for row in rows)
    assert right / 18 == pytest.approx(events[-1]["primary_metric"])
    for row in rows:
        assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert row["probability"] == max(row["probabilities"])
        assert row["path"].startswith(f"validation/{row['truth']}")


def test_artifacts_are_there(finished) -> None:
    run, _ = finished
    assert json.loads((run.output_dir / "train_artifacts" / "labels.json").read_text()) == ["amber", "blue", "green"]
    table = json.loads((run.output_dir / "train_artifacts" / "per_label_metrics.json").read_text())
    assert [row["support"] for row in table] == [6, 6, 6]
    weights = load_file(run.output_dir / "outputs" / "model.safetensors")
    build_architecture("resnet18", 3).module.load_state_dict(weights)
    assert (run.output_dir / "outputs" / "mlflow-model" / "MLmodel").is_file()


def test_it_tells_what_it_took_and_how_far_its_score_may_be_trusted(finished) -> None:
    _, events = finished
    best = events[-1]
    assert best["metrics"]["accuracy_low"] <= best["primary_metric"] <= best["metrics"]["accuracy_high"]
    assert "accuracy_low" not in metrics_by_epoch(events)[1]
    resources = best["resources"]
    assert resources["train_epoch_count"] == 6
    assert resources["train_epoch_duration_seconds_avg"] * 6 <= resources["train_duration_seconds"]
    assert resources["per_image_avg_score_time_sec"] == pytest.approx(resources["total_score_time_sec"] / 18, rel=1e-3)


def test_the_images_of_each_side_are_listed_as_they_were_labelled(finished) -> None:
    run, _ = finished
    for name, count in (("train_sub.json", 36), ("val_sub.json", 18)):
        lines = (run.output_dir / "train_artifacts" / name).read_text().splitlines()
        assert len(lines) == count
        assert json.loads(lines[0])["label"] in run.label_names
    check = json.loads((run.output_dir / "train_artifacts" / "onnx_check.json").read_text())
    assert check["holds"]
    assert check["images"] == 18


def test_a_test_split_is_scored_once_at_the_end(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4, number_of_epochs=1)
    run = run.model_copy(update={"test": run.validation})
    train(run)
    folder = run.output_dir / "evaluation"
    report = json.loads((folder / "test_evaluation.json").read_text())
    assert (report["split"], report["confidence"]["metric"]) == ("test", "accuracy")
    assert pq.read_table(folder / "test_predictions.parquet").num_rows == 6


def test_missing_weights_offline_give_the_choice(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    run = make_run(tmp_path, images=4, pretrained="auto", offline=True, weights_dir=tmp_path / "weights")
    with pytest.raises(WeightsUnavailableError) as caught:
        train(run)
    assert "pretrained: none" in caught.value.hint
    assert str(tmp_path / "weights") in caught.value.hint


def test_an_image_with_two_labels_is_refused_by_name(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4, label_names=["amber", "blue"])
    with pytest.raises(InvalidDatasetError, match=r"train/green-0\.jpg"):
        train(run)


def test_a_run_starts_from_another_ones_weights(finished, tmp_path: Path) -> None:
    earlier, _ = finished
    start = earlier.output_dir / "outputs" / "model.safetensors"
    changes = {"architecture": "resnet18", "start_from": start, "learning_rate": 0.0, "number_of_epochs": 1}
    # Nothing is learnt at rate 0: what the one epoch scores is what was taken over
    events = train(make_run(tmp_path / "same", images=4, checkpoint_run_id="lamp_HD_0", **changes))
    started = next(event for event in events if event["type"] == "started")
    assert started["pretrained"] == "lamp_HD_0"
    assert events[-1]["primary_metric"] >= 0.8
    labels = {"amber": 4, "blue": 4}
    events = train(make_run(tmp_path / "fewer", labels=labels, **changes))
    notes = [event for event in events if event["type"] == "note"]
    assert [note["code"] for note in notes] == ["new_heads"]
    assert "amber, blue, green" in notes[0]["message"]
