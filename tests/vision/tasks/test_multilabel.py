from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from torch.nn import functional

from tests.vision.training.runs import make_multilabel_run, metrics_by_epoch, train
from vision.architectures import build_architecture
from vision.errors import InvalidDatasetError
from vision.tasks import make_task
from vision.tasks.class_weights import label_weights
from vision.tasks.multilabel import MultilabelTask
from vision.training.inputs.rows import read_rows

pytestmark = pytest.mark.heavy


def make(folder: Path, images: int = 8, **changes: object) -> tuple[MultilabelTask, object]:
    run = make_multilabel_run(folder, images, **changes)
    task = make_task(run, build_architecture("mobilenetv2", 3))
    assert isinstance(task, MultilabelTask)
    task.begin(read_rows(run.train, run.images_dir))
    return task, read_rows(run.validation, run.images_dir)


def test_both_answers_of_a_label_are_evened_out() -> None:
    targets = torch.tensor([[1, 0, 0], [1, 0, 1], [1, 0, 0], [0, 0, 0]])
    assert label_weights(targets, 0) is None
    # The first label is on 3 of 4 images; the second on none, which leaves its presence at 1.
    expected = [[4 / 2, 4 / 8, 4 / 6], [4 / 6, 1, 4 / 2]]
    for row, values in zip(label_weights(targets, 2).tolist(), expected, strict=True):
        assert row == pytest.approx(values)
    assert label_weights(targets, 1)[1].tolist() == pytest.approx([value**0.5 for value in expected[1]])


def test_targets_are_which_labels_are_there_and_none_is_allowed(tmp_path: Path) -> None:
    task, rows = make(tmp_path, images=16)
    assert rows.labels[:4] == [[], ["amber"], ["blue"], ["amber", "blue"]]
    assert task.targets(rows)[:4].tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]


def test_a_label_that_is_not_of_the_run_is_refused(tmp_path: Path) -> None:
    run = make_multilabel_run(tmp_path, 8, label_names=["amber", "blue"])
    task = make_task(run, build_architecture("mobilenetv2", 2))
    with pytest.raises(InvalidDatasetError, match=r"train/4\.jpg has the label 'green'"):
        task.begin(read_rows(run.train, run.images_dir))


@pytest.mark.parametrize("weighted_loss", [0, 1, 2])
def test_the_validation_loss_is_the_training_criterion(tmp_path: Path, weighted_loss: int) -> None:
    task, rows = make(tmp_path, images=12, weighted_loss=weighted_loss)
    images = task.evaluation_images(rows)
    batch = task.collate([images.dataset[0, index] for index in range(len(rows))])
    module = build_architecture("mobilenetv2", 3).module.eval()
    with torch.inference_mode():
        loss, _ = task.training_step(module, batch)
        halves = [
            task.evaluation_step(module, {name: values[part] for name, values in batch.items()})
            for part in (slice(0, 2), slice(2, None))
        ]
    assert task.validation_loss(halves) == pytest.approx(float(loss), rel=1e-4)


def test_weights_go_by_what_the_image_has(tmp_path: Path) -> None:
    task, _ = make(tmp_path, weighted_loss=2)
    task._weights = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    logits, labels = torch.tensor([[0.3, -1.0, 2.0]]), torch.tensor([[1, 0, 1]], dtype=torch.uint8)
    each = functional.binary_cross_entropy_with_logits(logits, labels.float(), reduction="none")
    expected = (each * torch.tensor([10.0, 2.0, 30.0])).mean()
    torch.testing.assert_close(task.criterion(logits, {"labels": labels}), expected)


def test_probabilities_are_one_sigmoid_a_label_and_losses_one_number_an_image(tmp_path: Path) -> None:
    task, _ = make(tmp_path, weighted_loss=2)
    logits = torch.tensor([[2.0, 0.0, -1.0], [40.0, -40.0, 0.5]])
    labels = torch.tensor([[1, 0, 0], [0, 1, 0]], dtype=torch.uint8)
    outputs = task.decode(logits, {"labels": labels, "indices": torch.tensor([0, 1])})
    torch.testing.assert_close(outputs["probabilities"], logits.sigmoid())
    expected = functional.binary_cross_entropy_with_logits(logits, labels.float(), reduction="none").mean(dim=1)
    torch.testing.assert_close(outputs["losses"], expected)
    assert torch.isfinite(outputs["losses"]).all()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory):
    run = make_multilabel_run(
        tmp_path_factory.mktemp("run"),
        images=32,
        architecture="resnet18",
        number_of_epochs=6,
        optimizer="adam",
        learning_rate=0.001,
        augmentations="light",
        log_training_metrics="enable",
    )
    return run, train(run)


def test_a_run_learns_and_keeps_the_epoch_with_the_best_iou(finished) -> None:
    _, events = finished
    metrics = metrics_by_epoch(events)
    best = events[-1]
    assert best["primary_metric"] == max(values["iou"] for values in metrics.values()) >= 0.85
    assert metrics[6]["loss_train"] < metrics[1]["loss_train"]
    assert metrics[6]["iou_train"] > metrics[1]["iou_train"]
    assert best["metrics"]["iou_low"] <= best["primary_metric"] <= best["metrics"]["iou_high"]


def test_the_evaluation_says_what_each_label_costs(finished) -> None:
    run, events = finished
    report = json.loads((run.output_dir / "evaluation" / "evaluation.json").read_text())
    assert (report["task_type"], report["images"]) == ("image_classification_multilabel", 16)
    assert report["metrics"]["iou"] == events[-1]["primary_metric"]
    for row in report["per_label"]:
        assert row["support"] == 8
        parts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
        assert sum(row[part] for part in parts) == 16
    assert set(report["averages"]["macro"]) >= {"iou", "f1_score"}
    assert len(report["mix_ups"]) == 3
    confidence = report["confidence"]
    assert (confidence["metric"], confidence["level"], confidence["resamples"]) == ("iou", 0.95, 1000)
    assert confidence["low"] == events[-1]["metrics"]["iou_low"]
    assert report["thresholds"]["recommended_score"] in [row["score"] for row in report["thresholds"]["scores"]]


def test_predictions_say_what_was_missed_and_what_was_falsely_given(finished) -> None:
    run, events = finished
    rows = pq.read_table(run.output_dir / "evaluation" / "predictions.parquet").to_pylist()
    names, ious = run.label_names, []
    assert rows[0]["truth"] == []
    for row in rows:
        given = [name for name, value in zip(names, row["probabilities"], strict=True) if value >= 0.5]
        assert row["predicted"] == given
        assert row["missed_labels"] == [name for name in row["truth"] if name not in given]
        assert row["false_labels"] == [name for name in given if name not in row["truth"]]
        assert row["is_right"] == (row["truth"] == given)
        assert row["probability"] == pytest.approx(min(max(value, 1 - value) for value in row["probabilities"]))
        either = set(row["truth"]) | set(given)
        ious.append(len(set(row["truth"]) & set(given)) / len(either) if either else 1)
    assert sum(ious) / len(ious) == pytest.approx(events[-1]["primary_metric"])
