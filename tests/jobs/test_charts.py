import numpy as np
import pytest

from datasets.drawing import find_series
from jobs.charts import epoch_chart, other_charts, resource_rows, summary_rows, training_charts
from jobs.confusion import UNANSWERED, class_rows, confusion_table, most_confused
from jobs.curves import curve_chart, threshold_chart
from jobs.headline import object_headlines
from jobs.thresholds import choose_score, score_options
from vision.metrics.certainty import describe_certainty
from vision.metrics.ranking_curves import ranking_curves

EVALUATION = {
    "label_names": ["nut", "screw"],
    "confusion_matrix": [[9, 1], [0, 4]],
    "curves": {"roc": [{"label": "nut", "x": [0.0, 0.5, 1.0], "y": [0.0, 0.9, 1.0], "area": 0.7}]},
}


def link(**filters):
    return "?" + "&".join(f"{name}={value}" for name, value in filters.items())


def points(*values):
    return [{"epoch": epoch, "value": value} for epoch, value in enumerate(values, start=1)]


def test_training_charts_draw_what_was_logged():
    shown = training_charts({"loss_train": points(2.0, 1.0), "accuracy": points(0.5, 0.75)})
    assert [chart["id"] for chart in shown] == ["chart-loss", "chart-accuracy"]
    assert [series["name"] for series in shown[0]["options"]["series"]] == ["Training loss"]
    assert shown[1]["options"]["series"][0]["data"] == [[1, 0.5], [2, 0.75]]


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([1.0, 1.0], {"min": 0, "max": 1, "interval": 0.2}),
        ([0.5, 0.95], {"min": 0.5, "max": 1, "interval": 0.1}),
        ([0.0, 0.95], {"min": 0, "max": 1, "interval": 0.2}),
        ([0.874, 1.0], {"min": 0.85, "max": 1, "interval": 0.05}),
        ([0.9999, 1.0], {"min": 0.999, "max": 1, "interval": 0.001}),
        ([0.1, 0.3], {}),  # a round number above is a share as well
        ([2.0, 0.9], {}),
        ([-0.1, 0.9], {}),
        ([None], {}),
    ],
)
def test_an_axis_of_shares_ends_at_all(values, bounds):
    axis = epoch_chart({"accuracy": points(*values)})["options"]["yAxis"]
    assert {name: axis[name] for name in ("min", "max", "interval") if name in axis} == bounds


def test_nothing_logged_draws_nothing():
    assert training_charts({}) == []
    assert other_charts({"accuracy": points(1.0)}) == []


def test_the_table_says_the_same_and_names_gaps():
    chart = epoch_chart({"loss_train": points(2.0, 1.25), "loss_valid": points(3.0)})
    assert chart["table"]["columns"] == ["Epoch", "Training loss", "Validation loss"]
    assert chart["table"]["rows"] == [[1, "2", "3"], [2, "1.25", "–"]]


def test_series_differ_in_more_than_colour():
    chart = epoch_chart({"loss_train": points(1.0), "loss_valid": points(1.0)})
    dashes = [series["lineStyle"]["type"] for series in chart["options"]["series"]]
    assert len(set(dashes)) == 2


def test_curves_have_their_area_in_the_table():
    chart = curve_chart(EVALUATION, "roc")
    assert chart["table"]["rows"] == [["nut", "0.7"]]
    assert chart["options"]["series"][0]["data"][1] == [0.5, 0.9]
    assert curve_chart(EVALUATION, "precision_recall") is None


def test_confusion_cells_lead_to_their_images():
    table = confusion_table(EVALUATION, link)
    first, second = table["rows"]
    assert [cell["url"] for cell in first["cells"]] == ["?truth=nut&predicted=nut", "?truth=nut&predicted=screw"]
    assert second["cells"][0]["url"] == ""
    assert [cell["shade"] for cell in first["cells"]] == [9, 1]
    assert first["total"] == 10


def test_one_mistake_among_many_is_seen():
    table = confusion_table({"label_names": ["a", "b"], "confusion_matrix": [[999, 1], [0, 0]]}, link)
    assert table["rows"][0]["cells"][1]["shade"] == 1
    assert table["rows"][1]["cells"][0]["shade"] == 0


def test_a_matrix_too_large_to_read_is_left_to_its_pairs():
    names = [f"label-{index}" for index in range(80)]
    counts = [[1 if i == j or j == i + 1 else 0 for j in range(80)] for i in range(80)]
    evaluation = {"label_names": names, "confusion_matrix": counts}
    assert confusion_table(evaluation, link) is None
    assert len(most_confused(evaluation, link)) == 8


def test_a_trial_that_finds_objects_has_its_curves():
    series = {name: points(0.1, 0.5) for name in ("mean_average_precision", "precision", "recall", "loss_train")}
    shown = training_charts(series)
    assert [chart["id"] for chart in shown] == ["chart-loss", "chart-map", "chart-precision-recall"]
    assert [one["name"] for one in shown[2]["options"]["series"]] == ["Precision", "Recall"]


def test_a_label_has_its_colour_in_every_chart_and_averages_that_of_text():
    evaluation = EVALUATION | {
        "curves": {"roc": [{"label": label, "x": [0], "y": [0]} for label in ("screw", "micro average")]}
    }
    first, second, chance = curve_chart(evaluation, "roc")["options"]["series"]
    assert first["color"] == f"token:series-{find_series('screw', ['nut', 'screw'])}"
    assert second["color"] == "token:ink"
    assert (chance["name"], chance["data"]) == ("chance", [[0, 0], [1, 1]])


def test_every_kind_of_curve_has_its_numbers_as_a_table():
    is_positive = np.array([[True], [False], [True], [False]])
    curves = ranking_curves(is_positive, np.array([[0.9], [0.7], [0.4], [0.1]]), ["nut"])
    evaluation = {"label_names": ["nut"], "curves": curves}
    gains = curve_chart(evaluation, "cumulative_gains")["table"]
    assert gains["columns"][-1] == "First 50% of images"
    assert gains["rows"][0] == ["nut", "0.2", "0.4", "0.5", "0.5"]
    calibration = curve_chart(evaluation, "calibration")["table"]["rows"]
    assert calibration[0] == ["nut", "0.1", "0", 1]
    assert "max" not in curve_chart(evaluation, "lift")["options"]["yAxis"]


def certain():
    truth = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.62, 0.38], [0.05, 0.95]])
    return {
        "task_type": "image_classification",
        "label_names": ["nut", "screw"],
        "confusion_matrix": [[1, 1], [1, 1]],
        "per_label": [{"label": "nut", "AUC": 0.5}, {"label": "screw", "AUC": 0.5}],
        "thresholds": describe_certainty(truth, probabilities),
    }


def test_a_threshold_adds_the_column_of_those_without_an_answer():
    always, sure = confusion_table(certain(), link), confusion_table(certain(), link, 0.65)
    assert always["columns"] == ["nut", "screw"]
    assert sure["columns"] == ["nut", "screw", UNANSWERED]
    assert [[cell["count"] for cell in row["cells"]] for row in sure["rows"]] == [[1, 1, 0], [0, 1, 1]]
    assert sure["rows"][1]["cells"][2]["url"] == "?truth=screw&unanswered=1"
    assert [pair["predicted"] for pair in most_confused(certain(), link, 0.65)] == ["screw"]


def test_labels_are_counted_at_the_threshold():
    rows = {row["label"]: row for row in class_rows(certain(), link, 0.75)}
    assert (rows["nut"]["precision"], rows["nut"]["recall"]) == (1, 0.5)
    assert (rows["nut"]["true_positives"], rows["nut"]["false_negatives"], rows["nut"]["false_positives"]) == (1, 1, 0)
    assert (rows["nut"]["missed_url"], rows["nut"]["false_url"]) == ("?missed=nut", "")
    assert rows["nut"]["AUC"] == 0.5


def test_the_thresholds_to_choose_from_say_which_is_whose():
    evaluation = certain()
    options = {option["value"]: option["label"] for option in score_options(evaluation, 0.0)}
    assert options[0.0] == "0 (as the model answers)"
    assert options[0.75] == "0.75 (best F1)"
    assert choose_score(evaluation, None) == 0
    assert choose_score(evaluation, 0.66) == 0.65


def test_a_point_of_the_threshold_chart_leads_to_the_page_from_there():
    scores = certain()["thresholds"]["scores"]
    chart = threshold_chart(
        scores, ("precision", "f1"), {"shown: 0": 0.0, "best F1: 0.75": 0.75}, lambda s: f"?score={s:g}"
    )
    assert chart["options"]["series"][0]["data"][3] == {"value": [0.15, 0.5], "url": "?score=0.15"}
    assert chart["options"]["series"][0]["data"][-1]["value"] == [0.95, 1]
    assert chart["table"]["rows"][3][0] == {"text": "0.15", "url": "?score=0.15"}
    assert [mark["xAxis"] for mark in chart["options"]["series"][-1]["markLine"]["data"]] == [0, 0.75]
    assert threshold_chart([], ("f1",), {}) is None


def report(split, value, score_recall):
    return {
        "split": split,
        "images": 40,
        "metrics": {"mean_average_precision": value},
        "confidence": {"metric": "mean_average_precision", "low": value - 0.1, "high": value + 0.1},
        "coco": {"AP": None},
        "thresholds": {"iou": 0.5},
        "operating_points": [
            {"score": 0.3, "precision": None, "recall": score_recall},
            {"score": 0.6, "precision": 0.9, "recall": 0.1},
        ],
    }


def test_headlines_have_test_beside_validation_each_with_its_interval():
    first, *others = object_headlines([report("validation", 0.8, 0.7), report("test", 0.7, 0.6)], 0.3)
    assert [(one.split, one.value, one.low) for one in first.figures] == [
        ("validation", 0.8, pytest.approx(0.7)),
        ("test", 0.7, pytest.approx(0.6)),
    ]
    assert [row.title for row in others] == ["Recall"]
    assert [one.value for one in others[0].figures] == [0.7, 0.6]
    assert others[0].figures[0].low is None


def test_what_a_run_took_is_no_metric():
    summary = {"accuracy": 0.9, "train_duration_seconds": 75.0, "sys_mem_total_mb": 24000, "AUC_macro": None}
    assert [row["name"] for row in summary_rows(summary)] == ["accuracy"]
    assert [(row["title"], row["value"], row["unit"]) for row in resource_rows(summary)] == [
        ("Training", 75.0, "seconds"),
        ("Memory of the machine", 24000, "MiB"),
    ]


def test_losses_are_better_lower():
    rows = {
        row["name"]: row["direction"] for row in summary_rows({"log_loss": 0.1, "accuracy": 0.9, "learning_rate": 1})
    }
    assert rows == {"log_loss": "lower is better", "accuracy": "higher is better", "learning_rate": ""}
