"""A trial by the real queue and a real training process."""

from __future__ import annotations

import json

import pytest

from jobs import selectors
from jobs.models import MetricPoint, Status
from jobs.predictions import NameFilter, named_rows
from tests.jobs.factories import make_document, make_version

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def completed(storage, run_queue, api):
    """A job submitted over REST and worked off by a real worker and a real training process."""
    document = make_document(make_version())
    made = api.post("/api/v1/jobs", json.dumps(document), content_type="application/json")
    assert made.status_code == 201, made.content
    assert made.json()["status"] == "Queued"
    run_queue("cpu")
    return selectors.get_job(made.json()["name"])


def test_trial_from_its_submission_to_its_outputs(completed, storage, settings, api):
    # One training for all: it takes longer than every look at it together
    check_rows(completed)
    check_outputs(completed, storage, settings.STUDIO_HOME)
    check_predictions(completed)
    check_log(completed)
    check_rest(completed.name, api)


def check_rows(completed):
    trial = completed.best_trial
    assert completed.status == Status.COMPLETED, completed.error
    assert trial.name == f"{completed.name}_HD_0"
    assert trial.status == Status.COMPLETED
    assert 0.3 <= trial.primary_metric <= 1
    assert (trial.epochs, trial.epochs_total, trial.attempts, trial.restarts) == (2, 2, 1, 0)
    assert trial.summary["accuracy"] == pytest.approx(trial.primary_metric)
    assert trial.summary["train_duration_seconds"] > 0
    series = selectors.metric_series(trial)
    assert [point["epoch"] for point in series["accuracy"]] == [1, 2]
    assert "loss_train" in series
    progress = selectors.job_progress(completed)
    assert (progress["fraction"], progress["eta_seconds"], progress["epoch"]) == (1.0, 0.0, 2)


def check_outputs(completed, storage, home):
    trial = completed.best_trial
    paths = [entry["path"] for entry in selectors.list_outputs(trial)]
    assert "outputs/mlflow-model/MLmodel" in paths
    assert {f"train_artifacts/{name}.json" for name in ("labels", "train_sub", "val_sub", "onnx_check")} <= set(paths)
    with selectors.open_output(trial, "logs/azureml_automl_vision.log") as file:
        assert b"Training completed" in file.read()
    evaluation = selectors.get_evaluation(trial)
    assert sum(map(sum, evaluation["confusion_matrix"])) == 12
    assert not list((storage / "trials" / trial.name).glob("checkpoints/*"))
    assert not list(home.glob(f"node/*/trials/{trial.name}"))


def check_predictions(completed):
    trial = completed.best_trial
    everything = named_rows(trial).page(limit=200)
    assert everything.total == 12
    losses = [row["loss"] for row in everything.rows]
    assert losses == sorted(losses, reverse=True)
    cell = named_rows(trial, NameFilter(truth="amber", predicted=everything.rows[0]["predicted"])).page()
    assert all(row["truth"] == "amber" for row in cell.rows)
    first = named_rows(trial).page(limit=5)
    second = named_rows(trial).page(cursor=first.next, limit=5)
    assert {row["row"] for row in first.rows}.isdisjoint({row["row"] for row in second.rows})
    wrong = named_rows(trial, NameFilter(only_errors=True)).page()
    assert all(row["truth"] != row["predicted"] for row in wrong.rows)


def check_log(completed):
    whole, end = selectors.trial_log(completed.best_trial, 0)
    part, same_end = selectors.trial_log(completed.best_trial, 100)
    assert whole.startswith("20")
    assert "Attempt 1" in whole
    assert part == whole[100:]
    assert end == same_end == len(whole)
    assert selectors.trial_log(completed.best_trial, end) == ("", end)


def check_rest(name, api):
    job = api.get(f"/api/v1/jobs/{name}").json()
    assert job["status"] == "Completed"
    assert {"name", "number", "status", "params", "primary_metric", "epochs", "attempts", "error"} <= set(
        job["best_trial"]
    )
    assert api.get(f"/api/v1/jobs/{name}/trials").json()["items"][0]["name"] == f"{name}_HD_0"
    trial = f"/api/v1/jobs/{name}/trials/0"
    assert api.get(trial).json()["params"]["model_name"] == "mobilenetv2"
    assert len(api.get(f"{trial}/metrics").json()["series"]["accuracy"]) == 2
    assert api.get(f"{trial}/evaluation").json()["label_names"] == ["amber", "blue", "green"]
    assert api.get(f"{trial}/logs?offset=10").json()["next_offset"] > 10
    assert api.get(f"{trial}/predictions?limit=3").json()["next"] == "3"
    paths = [item["path"] for item in api.get(f"{trial}/outputs").json()["items"]]
    answer = api.get(f"{trial}/outputs/{paths[0]}")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)
    assert api.get(f"{trial}/outputs/../../secret").status_code == 404
    assert api.get(f"{trial}/outputs/nothing.txt").status_code == 404
    assert api.post(f"/api/v1/jobs/{name}/cancel").status_code == 409
    assert api.post(f"{trial}/cancel").status_code == 409
    cloned = api.post(f"/api/v1/jobs/{name}/clone").json()
    assert "name" not in cloned["document"]
    assert MetricPoint.objects.filter(trial__job__name=name, name="accuracy").count() == 2
