from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from vision.catalog.task_types import TaskType
from vision.metrics.detection.report import build_detection_report, scalar_metrics

pytestmark = pytest.mark.heavy

NAMES = ["car", "bus", "never there", "never found"]
SETTINGS: dict[str, Any] = {"task_type": TaskType.DETECTION.value, "iou": 0.5, "score": 0.3, "metric_type": "voc"}
PARTS = {
    "task_type",
    "split",
    "images",
    "label_names",
    "metrics",
    "confidence",
    "per_label",
    "coco",
    "thresholds",
    "curves",
    "confusion_matrices",
    "operating_points",
    "errors",
    "sizes",
    "image_level",
}


def report(images: int = 60, **changes: Any) -> dict[str, Any]:
    truth, found = draw_scenes(images, len(NAMES), seed=1)
    return build_detection_report(truth, found, NAMES, split="validation", **SETTINGS | changes)


@pytest.mark.parametrize("metric_type", ["none", "coco", "voc", "coco_voc"])
@pytest.mark.parametrize("task_type", [TaskType.DETECTION.value, TaskType.SEGMENTATION.value])
def test_a_report_is_plain_json(task_type: str, metric_type: str) -> None:
    written = report(task_type=task_type, metric_type=metric_type)
    assert json.loads(json.dumps(written, allow_nan=False)) == written
    has_boxes = task_type == TaskType.SEGMENTATION and metric_type != "none"
    assert set(written) == PARTS | ({"box_metrics"} if has_boxes else set())


def test_its_parts_agree() -> None:
    written = report(metric_type="coco_voc")
    rows, metrics = written["per_label"], written["metrics"]
    defined = [row for row in rows if row["support"]]
    assert [row["label"] for row in rows] == NAMES
    assert len(defined) == 3
    assert metrics["mean_average_precision"] == pytest.approx(sum(row["average_precision"] for row in defined) / 3)
    assert metrics["recall"] == pytest.approx(sum(row["recall"] for row in defined) / 3)
    assert metrics["coco_AP"] == written["coco"]["AP"]
    assert metrics["coco_AP"] == pytest.approx(sum(row["average_precision_coco"] for row in defined) / 3)
    assert rows[2]["average_precision"] is rows[2]["recall"] is rows[2]["average_precision_coco"] is None
    assert rows[2]["false_positives"] > 0
    assert rows[3]["precision"] is None
    point = next(point for point in written["curves"]["scores"] if point["score"] == 0.3)
    assert (point["precision"], point["recall"]) == (metrics["precision"], metrics["recall"])
    matrix = next(one["matrix"] for one in written["confusion_matrices"] if one["score"] == 0.3)
    assert [sum(row) for row in matrix[:-1]] == [row["support"] for row in rows]
    assert sum(row["support"] for row in written["sizes"]) == sum(row["support"] for row in rows)
    wrong = {row["type"]: row["count"] for row in written["errors"]}
    assert sum(wrong.values()) - wrong["missed"] == sum(row["false_positives"] for row in rows)
    assert wrong["missed"] <= sum(row["false_negatives"] for row in rows)
    low, high = written["confidence"]["low"], written["confidence"]["high"]
    assert low < metrics["mean_average_precision"] < high
    assert any(one["score"] == written["thresholds"]["recommended_score"] for one in written["confusion_matrices"])


def test_the_mean_average_precision_is_of_the_type_that_was_chosen() -> None:
    voc, both, coco = (report(metric_type=name, iou=0.6) for name in ("voc", "coco_voc", "coco"))
    assert voc["metrics"]["mean_average_precision"] == both["metrics"]["mean_average_precision"]
    assert coco["metrics"]["mean_average_precision"] == coco["coco"]["AP50"] == both["coco"]["AP50"]
    assert voc["thresholds"]["iou"] == 0.6
    assert coco["thresholds"]["iou"] == 0.5  # the threshold is VOC's
    assert voc["coco"] == coco["coco"]
    assert [name for name in voc["metrics"] if name.startswith("coco")] == []


@pytest.mark.parametrize("metric_type", ["voc", "coco"])
def test_every_type_has_an_interval_around_its_value(metric_type: str) -> None:
    written = report(metric_type=metric_type)
    value, confidence = written["metrics"]["mean_average_precision"], written["confidence"]
    assert confidence["low"] < value < confidence["high"]
    assert confidence["metric"] == "mean_average_precision"


def test_operating_points_tell_of_each_threshold_what_the_report_tells_of_its_own() -> None:
    written = report()
    points = {point["score"]: point for point in written["operating_points"]}
    assert list(points) == sorted(points)
    assert set(points) == {one["score"] for one in written["confusion_matrices"]}
    assert set(points) >= {0.1, 0.5, 0.9, written["thresholds"]["score"], written["thresholds"]["recommended_score"]}
    mine = points[0.3]
    assert (mine["precision"], mine["recall"]) == (written["metrics"]["precision"], written["metrics"]["recall"])
    assert (mine["sizes"], mine["image_level"]) == (written["sizes"], written["image_level"])
    assert mine["errors"] == [{"type": row["type"], "count": row["count"]} for row in written["errors"]]
    for row, its in zip(written["per_label"], mine["per_label"], strict=True):
        assert its == {name: value for name, value in row.items() if not name.startswith("average_precision")}
    for score in (0.6, 0.9):
        other = report(score=score)
        assert points[score]["per_label"] == next(
            point["per_label"] for point in other["operating_points"] if point["score"] == score
        )
        assert points[score]["errors"] == [{"type": row["type"], "count": row["count"]} for row in other["errors"]]
        assert points[score]["sizes"] == other["sizes"]


def test_with_very_many_labels_the_runs_own_threshold_is_told_of() -> None:
    truth, found = draw_scenes(5, 4, seed=1)
    names = [str(number) for number in range(9_000)]
    written = build_detection_report(truth, found, names, split="validation", **SETTINGS)
    assert 0.3 in [point["score"] for point in written["operating_points"]]
    assert len(written["operating_points"]) == 2


def test_curves_are_at_two_ious_and_that_of_the_run() -> None:
    ious = {curve["iou"] for curve in report(iou=0.6)["curves"]["precision_recall"]}
    assert ious == {0.5, 0.6, 0.75}
    assert {curve["iou"] for curve in report()["curves"]["precision_recall"]} == {0.5, 0.75}


def test_masks_are_compared_as_masks_and_boxes_beside() -> None:
    boxes, masks = report(), report(task_type=TaskType.SEGMENTATION.value)
    value = boxes["metrics"]["mean_average_precision"]
    assert masks["box_metrics"] == {"mean_average_precision": value}
    assert masks["metrics"]["mean_average_precision"] != value


@pytest.mark.parametrize("metric_type", ["none", "coco", "voc", "coco_voc"])
def test_scalars_are_those_of_the_report(metric_type: str) -> None:
    truth, found = draw_scenes(20, len(NAMES), seed=1)
    scalars = scalar_metrics(truth, found, len(NAMES), **SETTINGS | {"metric_type": metric_type})
    assert scalars == report(20, metric_type=metric_type)["metrics"]


def test_without_metrics_nothing_is_measured() -> None:
    # Masks that are not there would be an error if they were looked at.
    written = build_detection_report(
        [place([(0, (0, 0, 9, 9))])], [find([])], NAMES, split="test", **SETTINGS | {"metric_type": "none"}
    )
    assert set(written["metrics"].values()) == {None}
    assert written["per_label"] == written["errors"] == written["confusion_matrices"] == []


@pytest.mark.parametrize("metric_type", ["coco", "voc"])
@pytest.mark.parametrize("task_type", [TaskType.DETECTION.value, TaskType.SEGMENTATION.value])
def test_a_split_where_nothing_is_labelled_is_undefined(task_type: str, metric_type: str) -> None:
    written = build_detection_report(
        [place([])],
        [find([(0, 0.9, (0, 0, 9, 9))])],
        NAMES,
        split="validation",
        **SETTINGS | {"task_type": task_type, "metric_type": metric_type},
    )
    assert json.dumps(written, allow_nan=False)
    assert written["metrics"]["mean_average_precision"] is None
    assert written["thresholds"]["recommended_score"] is None
    assert written["confidence"] is None


def test_examples_bear_the_names_that_images_are_given() -> None:
    plain, named = report(), None
    truth, found = draw_scenes(60, len(NAMES), seed=1)
    places = [1000 + image for image in range(60)]
    named = build_detection_report(truth, found, NAMES, split="validation", places=places, **SETTINGS)
    for mine, its in zip(named["errors"], plain["errors"], strict=True):
        assert mine["examples"] == [1000 + image for image in its["examples"]]


def test_scoring_does_not_load_torch() -> None:
    code = (
        "import sys, vision.metrics.detection.report, vision.metrics.detection.analysis; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
