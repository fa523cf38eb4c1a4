"""The task object with a tiny network: what is trained on, what is scored, and that a packaged model finds the same."""

from __future__ import annotations

import json
import math

import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from tests.vision.inference.detectors import registered
from tests.vision.training.object_runs import describe_object, make_object_run, write_objects
from tests.vision.training.runs import write_rows
from vision.architectures import build_architecture
from vision.errors import InvalidDatasetError
from vision.inference.card import ModelCard
from vision.inference.detection import DetectionPredictor
from vision.tasks.base import make_task
from vision.tasks.detection.batches import read_targets
from vision.training.inputs.rows import read_rows

pytestmark = pytest.mark.heavy

PLAIN = json.dumps({"apply_automl_train_augmentations": False, "apply_mosaic_for_yolo": False})


@pytest.fixture(autouse=True)
def tiny_networks():
    with registered():
        yield


def make(folder, architecture="tiny_boxes", seed=1, **changes):
    """A run, its task and its network, whose chances are spread around the run's threshold."""
    run = make_object_run(folder, architecture, images=6, masks=architecture == "tiny_masks", **changes)
    torch.manual_seed(seed)
    built = build_architecture(architecture, len(run.label_names), run.parameters)
    torch.nn.init.normal_(built.module.classes.weight, std=15.0)
    built.module.eval()
    return run, make_task(run, built), built


def evaluate(task, built, rows, size=2):
    images = task.evaluation_images(rows)
    outputs = []
    with torch.inference_mode():
        for start in range(0, len(rows), size):
            keys = [(0, index) for index in range(start, min(start + size, len(rows)))]
            outputs.append(task.evaluation_step(built.module, task.collate([images.dataset[key] for key in keys])))
    return outputs


def rows_of(run, split="validation"):
    return read_rows(getattr(run, split), run.images_dir)


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ("tiny_boxes", {}),
        ("tiny_square", {"image_size": 96}),
        ("tiny_masks", {}),
        ("tiny_boxes", {"tile_grid_size": "2x2"}),
        ("tiny_square", {"tile_grid_size": "2x1"}),
    ],
)
def test_a_prediction_is_what_the_evaluation_found(tmp_path, architecture, changes):
    run, task, built = make(tmp_path, architecture, box_score_threshold=0.1, box_detections_per_image=1000, **changes)
    rows = rows_of(run)
    found = [one for part in evaluate(task, built, rows) for one in part["found"]]
    card = ModelCard(
        task_type=run.task_type,
        architecture=architecture,
        label_names=run.label_names,
        mean=built.mean,
        std=built.std,
        interpolation=built.interpolation,
    )
    predictor = DetectionPredictor(built, card, task.inference_settings(), torch.device("cpu"))
    answers = predictor.predict([Image.open(rows.blob(index)) for index in range(len(rows))])
    assert sum(len(answer["boxes"]) for answer in answers) > 10
    for objects, answer, width, height in zip(found, answers, rows.width, rows.height, strict=True):
        kept = objects.scores >= 0.1
        assert 0 < kept.sum() < len(kept)
        assert [one["score"] for one in answer["boxes"]] == pytest.approx(objects.scores[kept].tolist(), abs=1e-5)
        assert [one["label"] for one in answer["boxes"]] == [run.label_names[n] for n in objects.labels[kept]]
        for one, box in zip(answer["boxes"], objects.boxes[kept].tolist(), strict=True):
            corners = [one["box"][name] for name in ("topX", "topY", "bottomX", "bottomY")]
            assert corners == pytest.approx(
                [value / side for value, side in zip(box, [width, height, width, height], strict=True)], abs=1e-4
            )
            assert ("polygon" in one) == (architecture == "tiny_masks")


def test_everything_found_is_scored_and_only_good_scores_count(tmp_path):
    run, task, built = make(tmp_path, box_score_threshold=0.2, box_detections_per_image=1000)
    rows = rows_of(run)
    outputs = evaluate(task, built, rows)
    scores = [score for part in outputs for one in part["found"] for score in one.scores]
    assert 0.01 <= min(scores) < 0.1
    evaluation = task.evaluate(outputs, rows, "validation")
    assert evaluation.report["thresholds"] == {
        "iou": 0.5,
        "score": 0.2,
        "recommended_score": evaluation.report["thresholds"]["recommended_score"],
    }
    counted = sum(row["true_positives"] + row["false_positives"] for row in evaluation.per_label)
    assert counted == sum(score >= 0.2 for score in scores)


def test_neither_order_nor_repeats_nor_batches_change_the_scores(tmp_path):
    run, task, built = make(tmp_path)
    rows = rows_of(run)
    by_two, by_one = evaluate(task, built, rows, 2), evaluate(task, built, rows, 1)
    expected = task.evaluate(by_two, rows, "validation").metrics
    assert task.evaluate([*by_two[::-1], by_two[0]], rows, "validation").metrics == expected
    assert task.evaluate(by_one, rows, "validation").metrics == pytest.approx(expected, abs=1e-6)
    assert task.validation_loss([*by_two, by_two[0]]) == pytest.approx(task.validation_loss(by_two))


def test_no_loss_where_none_is_asked_for(tmp_path):
    run, task, built = make(tmp_path, log_validation_loss="disable")
    outputs = evaluate(task, built, rows_of(run))
    assert all(math.isnan(loss) for part in outputs for loss in part["losses"])


@pytest.mark.parametrize(
    ("metric_type", "names"),
    [
        ("none", {"mean_average_precision"}),
        ("voc", {"mean_average_precision", "precision", "recall"}),
        ("coco_voc", {"mean_average_precision", "precision", "recall", "coco_AP", "coco_AP50", "coco_AR_100"}),
    ],
)
def test_metrics_by_type(tmp_path, metric_type, names):
    run, task, built = make(tmp_path, validation_metric_type=metric_type)
    rows = rows_of(run)
    evaluation = task.evaluate(evaluate(task, built, rows), rows, "validation")
    assert names <= set(evaluation.metrics)
    assert evaluation.metrics["mean_average_precision"] is not None
    assert (evaluation.per_label == []) == (metric_type == "none")


def test_predictions_are_written_an_image_a_row(tmp_path):
    run, task, built = make(tmp_path, "tiny_masks", box_score_threshold=0.2)
    rows = rows_of(run)
    task.write_predictions(evaluate(task, built, rows), rows, tmp_path / "predictions.parquet")
    written = pq.read_table(tmp_path / "predictions.parquet").to_pylist()
    assert [one["row"] for one in written] == rows.row
    assert [one["sha256"] for one in written] == rows.sha256
    for one, cell in zip(written, map(json.loads, rows.annotation), strict=True):
        truth, predictions = json.loads(one["truth"]), json.loads(one["predictions"])
        assert [entry["label"] for entry in truth] == [entry["label"] for entry in cell]
        for entry, labelled in zip(truth, cell, strict=True):
            ring = [
                value * (one["height"] if at % 2 else one["width"]) for at, value in enumerate(labelled["polygon"][0])
            ]
            assert entry["polygon"][0] == pytest.approx(ring, abs=1e-2)
        assert all(entry["score"] >= 0.05 for entry in predictions)
        wrong = sum(entry["score"] for entry in predictions if entry["error"] and entry["score"] >= 0.2)
        assert one["loss"] == pytest.approx(wrong + one["missed"], abs=1e-4)
        assert one["is_right"] == (one["errors"] == [])
        told = [(entry["label"], entry["score"], entry["error"]) for entry in predictions]
        assert [(find["label"], find["score"], find["error"]) for find in one["finds"]] == told
        assert [entry["label"] for entry in one["objects"]] == [entry["label"] for entry in truth]
        assert one["missed"] == sum((entry["covered_from"] or 0) < 0.2 for entry in one["objects"])
        assert {entry["size"] for entry in one["objects"]} <= {"small", "medium", "large"}
        right = [entry for entry in predictions if entry["error"] is None]
        assert sorted(entry["score"] for entry in right) == sorted(
            entry["found_from"] for entry in one["objects"] if (entry["found_from"] or 0) >= 0.05
        )


def test_predictions_count_in_the_cells_that_the_report_counts(tmp_path):
    run, task, built = make(tmp_path, box_score_threshold=0.2)
    rows = rows_of(run)
    outputs = evaluate(task, built, rows)
    task.write_predictions(outputs, rows, tmp_path / "predictions.parquet")
    pairs = [pair for one in pq.read_table(tmp_path / "predictions.parquet").to_pylist() for pair in one["pairs"]]
    names = [*run.label_names, None]
    for counted in task.evaluate(outputs, rows, "validation").report["confusion_matrices"]:
        there = {(names[i], names[j]) for i, row in enumerate(counted["matrix"]) for j, n in enumerate(row) if n}
        told = {(one["truth"], one["predicted"]) for one in pairs if one["score"] == counted["score"]}
        assert told == there


def test_a_batch_is_learnt_from(tmp_path):
    run, task, built = make(tmp_path, advanced_settings=PLAIN)
    images = task.training_images(rows_of(run, "train"), seed=3)
    batch = task.collate([images.dataset[1, index] for index in range(4)])
    built.module.train()
    optimizer = torch.optim.Adam(built.module.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        loss, outputs = task.training_step(built.module, batch)
        assert outputs == {}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 3


def test_sizes_change_from_batch_to_batch_as_the_seed_says(tmp_path):
    run, task, built = make(tmp_path, "tiny_square", multi_scale=True, image_size=64, advanced_settings=PLAIN)
    images = task.training_images(rows_of(run, "train"), seed=3)
    batch = task.collate([images.dataset[1, index] for index in range(4)])
    seen = []

    def look(module, arguments):
        pixels, sizes, targets = arguments
        assert (sizes == pixels.shape[-1]).all()
        share = targets.boxes / pixels.shape[-1]
        assert share == pytest.approx(read_targets(batch).boxes / 64, abs=1e-5)
        seen.append(pixels.shape[-1])

    built.module.register_forward_pre_hook(look)
    for seed in (*range(8), *range(8)):
        torch.manual_seed(seed)
        task.training_step(built.module.train(), batch)
    assert seen[:8] == seen[8:]
    assert len(set(seen)) > 2
    assert all(32 <= side <= 96 and side % 8 == 0 for side in seen)


def test_training_metrics_are_of_training_images_as_they_are(tmp_path):
    run, task, built = make(tmp_path, log_training_metrics="enable")
    rows = rows_of(run, "train")
    task.training_images(rows, seed=3)
    built.module.train()
    built.module.body.eval()  # as frozen layers are
    metrics = task.training_metrics([])
    assert built.module.context.training
    assert not built.module.body.training
    built.module.eval()
    assert metrics == pytest.approx(task.evaluate(evaluate(task, built, rows, 1), rows, "train").metrics)


def test_training_without_a_single_object_is_refused(tmp_path):
    run, task, _ = make(tmp_path)
    crowd = [describe_object("blue", (0.1, 0.1, 0.5, 0.5), False, crowd=1)]
    write_rows(
        tmp_path, "train", [("a.jpg", Image.new("RGB", (40, 40)), []), ("b.jpg", Image.new("RGB", (40, 40), 9), crowd)]
    )
    with pytest.raises(InvalidDatasetError, match="not one object"):
        task.begin(rows_of(run, "train"))


def test_objects_that_cannot_be_used_are_said_before_training(tmp_path):
    run, task, _ = make(tmp_path)
    write_objects(tmp_path, "validation", 2, seed=5, masks=False)
    cell = [describe_object("red", (0.1, 0.1, 0.5, 0.5), False)]
    write_rows(tmp_path, "validation", [("a.jpg", Image.new("RGB", (40, 40)), cell)])
    with pytest.raises(InvalidDatasetError, match=r"validation/a\.jpg .*'red'"):
        task.evaluation_images(rows_of(run))
