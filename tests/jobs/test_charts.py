from jobs.charts import curve_chart, epoch_chart, other_charts, summary_rows, training_charts
from jobs.confusion import confusion_table, most_confused

EVALUATION = {
    "label_names": ["nut", "screw"],
    "confusion_matrix": [[9, 1], [0, 4]],
    "curves": {"roc": [{"label": "nut", "x": [0.0, 0.5, 1.0], "y": [0.0, 0.9, 1.0], "area": 0.7}]},
}


def link(truth, predicted):
    return f"?{truth}={predicted}"


def points(*values):
    return [{"epoch": epoch, "value": value} for epoch, value in enumerate(values, start=1)]


def test_training_charts_draw_what_was_logged():
    shown = training_charts({"loss_train": points(2.0, 1.0), "accuracy": points(0.5, 0.75)})
    assert [chart["id"] for chart in shown] == ["chart-loss", "chart-accuracy"]
    assert [series["name"] for series in shown[0]["options"]["series"]] == ["Training loss"]
    assert shown[1]["options"]["series"][0]["data"] == [[1, 0.5], [2, 0.75]]


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
    assert curve_chart(EVALUATION, "precision_recall")["options"]["series"] == []


def test_confusion_cells_lead_to_their_images():
    table = confusion_table(EVALUATION, link)
    first, second = table["rows"]
    assert [cell["url"] for cell in first["cells"]] == ["?nut=nut", "?nut=screw"]
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


def test_losses_are_better_lower():
    rows = {
        row["name"]: row["direction"] for row in summary_rows({"log_loss": 0.1, "accuracy": 0.9, "learning_rate": 1})
    }
    assert rows == {"log_loss": "lower is better", "accuracy": "higher is better", "learning_rate": ""}
