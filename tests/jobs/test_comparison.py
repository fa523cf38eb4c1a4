"""What the comparison page tells, as tables and charts."""

from jobs.comparison import compare_parameters, metric_groups, overlaid_charts
from jobs.comparison.metrics import best_places
from jobs.models import Job, Trial


def test_parameters_come_in_the_order_of_the_table_with_their_titles():
    differing, same = compare_parameters(
        [
            {"learning_rate": 0.01, "model_name": "yolov5", "number_of_epochs": 5, "image_size": 640, "odd": 1},
            {"learning_rate": 0.02, "model_name": "retinanet_resnet50_fpn", "number_of_epochs": 5, "odd": 2},
        ]
    )
    assert [one.name for one in differing] == ["model_name", "learning_rate", "image_size", "odd"]
    assert differing[0].title == "Architecture"
    assert differing[2].texts == ["640", None]  # the second architecture has no such setting
    assert [(one.title, one.texts) for one in same] == [("Epochs", ["5", "5"])]


def test_values_that_differ_never_look_the_same():
    differing, _ = compare_parameters([{"learning_rate": 0.012345678}, {"learning_rate": 0.012345679}])
    assert len(set(differing[0].texts)) == 2
    assert compare_parameters([{"learning_rate": 0.0123456}, {"learning_rate": 0.5}])[0][0].texts == ["0.01235", "0.5"]
    assert compare_parameters([{"nesterov": True}, {"nesterov": None}])[0][0].texts == ["true", "off"]


def test_the_best_is_the_lowest_loss_and_the_highest_score_and_none_of_equals():
    assert best_places([0.3, None, 0.1], "lower is better") == [2]
    assert best_places([0.3, 0.3, 0.1], "higher is better") == [0, 1]
    assert best_places([0.3, 0.3], "higher is better") == []
    assert best_places([0.3, None], "higher is better") == []
    assert best_places([0.3, 0.1], "") == []


def series(**values):
    return {name: [{"epoch": n, "value": v} for n, v in enumerate(told, start=1)] for name, told in values.items()}


def test_metrics_of_the_best_and_the_last_epoch_are_those_that_all_share():
    job = Job(name="lamp", primary_metric="accuracy")
    took = {"accuracy_low": 0.7, "train_duration_seconds": 60.0}
    trials = [
        Trial(
            job=job, number=0, best_epoch=1, epochs=2, summary={"accuracy": 0.8, "matthews_correlation": 0.4, **took}
        ),
        Trial(job=job, number=1, best_epoch=2, epochs=2, summary={"train_duration_seconds": 30.0}),
        Trial(job=job, number=2),
    ]
    rate, losses = {"learning_rate": [1, 2]}, {"log_loss": [0.4, 0.3], "loss_train": [0.6, 0.5]}
    told = [series(**losses, accuracy=[0.8, 0.7], **rate), series(**losses, accuracy=[0.5, 0.9], **rate), {}]
    (best, last), (further, _, resources) = metric_groups(trials, told, "accuracy")
    assert (best.moments, last.moments) == (["epoch 1", "epoch 2", "–"], ["epoch 2", "epoch 2", "–"])
    rows = {row.name: (row.values, row.best) for row in best.rows}
    assert rows == {"accuracy": ([0.8, 0.9, None], [1]), "loss_train": ([0.6, 0.5, None], [1])}
    assert [row.values for row in last.rows] == [[0.7, 0.9, None], [0.5, 0.5, None]]
    assert [(row.name, row.values, row.best) for row in further.rows] == [("log_loss", [0.4, 0.3, None], [1])]
    assert [(row.values, row.unit, row.best) for row in resources.rows] == [([60.0, 30.0, None], "seconds", [])]
    assert metric_groups(trials[:1], told[:1], "accuracy") == ([], [])


def test_a_trial_keeps_its_colour_in_every_chart():
    told = {
        "Trial 4": series(accuracy=[0.5, 0.6]),
        "Trial 7": series(accuracy=[0.4], loss_train=[2.0], loss_valid=[3.0]),
    }
    charts = {chart["id"]: chart for chart in overlaid_charts(told, "accuracy")}
    assert list(charts) == ["chart-accuracy", "chart-loss-train", "chart-loss-valid"]
    assert [line["name"] for line in charts["chart-accuracy"]["options"]["series"]] == ["Trial 4", "Trial 7"]
    colours = {chart["options"]["series"][-1]["color"] for chart in charts.values()}
    assert colours == {"token:series-2"}
    assert charts["chart-accuracy"]["table"] == {
        "columns": ["Epoch", "Trial 4", "Trial 7"],
        "rows": [[1, "0.5", "0.4"], [2, "0.6", "–"]],
    }
    assert overlaid_charts({"Trial 0": {}}, "accuracy") == []
