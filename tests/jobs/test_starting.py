"""Naming the run to start from, and going on with one that was stopped."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from jobs.models import Job, MetricPoint, Status, Trial
from jobs.services.control import further_document
from jobs.services.planning import plan_job
from jobs.services.running.materialise import split_seed
from jobs.services.starting import find_start, list_starts
from jobs.services.submission import submit_job
from tests.jobs.factories import make_document, make_version
from vision.errors import ConflictError, InvalidDocumentError
from vision.spec.job import parse_job

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def version(storage):
    return make_version()


def make_trial(version, name: str = "lamp", number: int = 0, **fields) -> Trial:
    """A trial that was trained to its end; `checkpoint_key` and no `outputs_key` make it one that was stopped."""
    job, _ = Job.objects.get_or_create(
        name=name,
        defaults={
            "task_type": "image_classification",
            "primary_metric": "accuracy",
            "training_data": version,
            "status": Status.COMPLETED,
            "spec": make_document(version),
        },
    )
    values = {
        "status": Status.COMPLETED,
        "params": {"model_name": "mobilenetv2", "optimizer": "sgd", "training_batch_size": 5, "number_of_epochs": 6},
        "outputs_key": f"trials/{name}",
        "epochs_total": 6,
        "best_epoch": 2,
        "primary_metric": 0.5,
        "resolution": [{"name": "number_of_epochs", "value": 6, "source": "set", "reason": ""}],
    }
    trial = Trial.objects.create(job=job, number=number, **values | fields)
    if trial.outputs_key:
        job.best_trial = trial
        job.save()
    return trial


def make_stopped(version, name: str = "dusk", **fields) -> Trial:
    stopped = {
        "status": Status.CANCELED,
        "outputs_key": "",
        "checkpoint_key": "a/checkpoint-3.pt",
        "checkpoint_epoch": 3,
    }
    return make_trial(version, name, **stopped | fields)


def plan(version, run_id: str, without: tuple[str, ...] = ("training_batch_size", "model_name"), **parameters):
    document = make_document(version, checkpoint_run_id=run_id, **parameters)
    for name in without:
        document["training_parameters"].pop(name)
    return plan_job(parse_job(document))


def test_a_trial_is_found_by_its_id_and_by_its_job(version):
    first, second = make_trial(version, "amber_HD_lamp", 0), make_trial(version, "amber_HD_lamp", 1)
    assert find_start("amber_HD_lamp_HD_0") == first
    assert find_start("amber_HD_lamp_HD_1") == second
    assert find_start("amber_HD_lamp") == find_start("amber_HD_lamp_HD") == second  # the job's best
    assert find_start("amber") is None
    assert find_start("") is None
    make_stopped(version, number=0, primary_metric=0.4)
    better = make_stopped(version, number=1, primary_metric=0.6)
    assert find_start("dusk") == better  # of a job without a best


def test_best_weights_start_anew_with_the_network_they_are_of(version):
    make_trial(version)
    planned = plan(version, "lamp", number_of_epochs=9)
    rows = {row.name: row for row in planned.resolution.rows}
    assert (rows["checkpoint_run_id"].value, rows["model_name"].value) == ("lamp_HD_0", "mobilenetv2")
    assert rows["checkpoint_run_id"].reason == "The best trial of lamp."
    assert "which training starts from" in rows["model_name"].reason
    assert rows["training_batch_size"].value != 5  # that is not taken over
    assert planned.start.words == ["It starts from the best weights of lamp_HD_0: epoch 2, accuracy 0.500."]
    assert plan_job(parse_job(make_document(version))).start is None


def test_other_labels_are_said_before_training(version):
    make_trial(version)
    words = plan(make_version("others", label_names=["amber", "violet"]), "lamp_HD_0").start.words
    assert words[1] == ("That trial knew other labels (amber, blue, green): the layers that depend on them begin anew.")


def test_going_on_takes_over_every_open_parameter_and_the_history(version):
    stopped = make_stopped(version)
    for epoch, value in enumerate((0.3, 0.6, 0.5, 0.7), start=1):  # the fourth was never put down
        MetricPoint.objects.create(
            trial=stopped, name="accuracy", epoch=epoch, value=value, logged_at="2026-01-01T00:00:00Z"
        )
    planned = plan(version, "dusk", checkpoint_state="last", number_of_epochs=8)
    values = planned.resolution.values
    assert (values["training_batch_size"], values["number_of_epochs"]) == (5, 8)
    assert planned.start.words == ["It goes on where dusk_HD_0 stopped, with epoch 4: 3 of its 6 are done."]
    document = make_document(version, checkpoint_run_id="dusk", checkpoint_state="last", number_of_epochs=8)
    trial = submit_job(document).trials.get()
    assert (trial.epochs, trial.best_epoch, trial.primary_metric) == (3, 2, 0.6)
    assert list(trial.metrics.order_by("epoch").values_list("epoch", "value")) == [(1, 0.3), (2, 0.6), (3, 0.5)]
    assert stopped.metrics.count() == 4


def test_the_same_images_are_set_aside(version):
    first = make_trial(version, "first")
    second = make_trial(version, "second", params={"model_name": "mobilenetv2", "checkpoint_run_id": "first_HD_0"})
    third = make_trial(version, "third", params={"checkpoint_run_id": "second_HD_0", "random_seed": 9})
    assert split_seed(third) == split_seed(second) == split_seed(first)
    assert split_seed(make_trial(version, "fourth")) != split_seed(first)


@pytest.mark.parametrize(
    ("fields", "given", "words", "place"),
    [
        ({}, {"checkpoint_run_id": "dusk_HD_7"}, "no trial named dusk_HD_7", "checkpoint_run_id"),
        ({"checkpoint_key": ""}, {}, "canceled: it left no weights", "checkpoint_run_id"),
        ({"status": Status.RUNNING}, {}, "is running: wait until it has ended", "checkpoint_run_id"),
        ({}, {"model_name": "resnet18"}, "architecture mobilenetv2, this job trains resnet18", "checkpoint_run_id"),
        ({"checkpoint_epoch": 0}, {}, "before its first epoch was over: give last", "checkpoint_state"),
        ({}, {"checkpoint_state": "last", "optimizer": "adam"}, "optimizer sgd, this job trains adam", "optimizer"),
        ({}, {"checkpoint_state": "last", "number_of_epochs": 3}, "has done 3 epochs", "number_of_epochs"),
        ({}, {"checkpoint_state": "last", "ema": True}, "this job trains True", "ema"),
        ({"outputs_key": "a", "checkpoint_key": ""}, {"checkpoint_state": "last"}, "to its end", "checkpoint_state"),
        (
            {},
            {"checkpoint_run_id": None, "checkpoint_state": "last"},
            "name it in checkpoint_run_id",
            "checkpoint_state",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(version, fields, given, words, place):
    make_stopped(version, **fields)
    parameters = {"number_of_epochs": 8, **given}
    with pytest.raises(InvalidDocumentError, match=words) as raised:
        plan(version, parameters.pop("checkpoint_run_id", "dusk_HD_0"), ("training_batch_size",), **parameters)
    assert raised.value.details[0].path == f"training_parameters.{place}"


def test_going_on_needs_the_same_images_and_another_task_other_weights(version):
    stopped = make_stopped(version)
    with pytest.raises(InvalidDocumentError, match="its own images only"):
        plan(make_version("others"), "dusk", checkpoint_state="last", number_of_epochs=8)
    Job.objects.filter(pk=stopped.job_id).update(task_type="image_classification_multilabel")
    with pytest.raises(InvalidDocumentError, match="trained for image_classification_multilabel"):
        plan(version, "dusk")


def test_a_trial_trained_to_its_end_is_trained_further_from_its_best_weights(version, signed_in: Client, api):
    make_trial(version)
    page = signed_in.get("/jobs/lamp/trials/0/").content.decode()
    assert "/jobs/new/?further=lamp_HD_0&amp;step=2" in page
    assert "further=lamp_HD_0" in signed_in.get("/jobs/lamp/").content.decode()
    form = signed_in.get("/jobs/new/?further=lamp_HD_0&step=2").context["form"]
    assert form.checked.plan.start.trial.name == "lamp_HD_0"
    field = next(field for field in form.fields if field.parameter.name == "checkpoint_run_id")
    assert field.value == "lamp_HD_0"
    assert "starts from the best weights of lamp_HD_0" in field.reason
    told = api.post("/api/v1/jobs/lamp/trials/0/further").json()["document"]
    assert told["training_parameters"] == {"number_of_epochs": 6, "checkpoint_run_id": "lamp_HD_0"}


@pytest.mark.parametrize(("done", "epochs"), [(3, 6), (6, 12)])
def test_a_stopped_trial_is_trained_further_where_it_stopped(version, done, epochs):
    trial = make_stopped(version, checkpoint_epoch=done)
    given = further_document(trial)["training_parameters"]
    assert given == {"number_of_epochs": epochs, "checkpoint_run_id": "dusk_HD_0", "checkpoint_state": "last"}


def test_what_runs_or_left_nothing_is_not_trained_further(version, api, signed_in: Client):
    trial = make_stopped(version, checkpoint_key="")
    with pytest.raises(ConflictError, match="nothing yet to train further"):
        further_document(trial)
    assert api.post("/api/v1/jobs/dusk/trials/0/further").status_code == 409
    assert "further=" not in signed_in.get("/jobs/dusk/trials/0/").content.decode()
    page = signed_in.get("/jobs/new/?further=nothing")
    assert "There is no trial named" in page.content.decode()


def test_the_form_offers_the_trials_that_fit(version, signed_in: Client):
    make_trial(version)
    make_stopped(version)
    make_trial(version, "other", params={"model_name": "resnet18"})
    make_stopped(version, "gone", checkpoint_key="")
    assert {trial.name for trial in list_starts("image_classification")} == {"lamp_HD_0", "dusk_HD_0", "other_HD_0"}
    text = signed_in.get("/jobs/new/").context["form"].text

    def offered(**fields: str) -> dict[str, str]:
        data = {"document": text, "document_shown": text, "shape": ""}
        data |= {f"training_parameters.{name}": value for name, value in fields.items()}
        answer = json.loads(signed_in.post("/jobs/new/yaml/", data).content)
        options = answer["options"]["training_parameters.checkpoint_run_id"]
        return {option["value"]: option["title"] for option in options}

    assert list(offered()) == ["", "other_HD_0", "dusk_HD_0", "lamp_HD_0"]
    assert list(offered(model_name="resnet18")) == ["", "other_HD_0"]
    titles = offered(model_name="mobilenetv2", checkpoint_run_id="lamp")
    assert list(titles) == ["", "dusk_HD_0", "lamp_HD_0", "lamp"]
    assert titles["dusk_HD_0"] == "dusk_HD_0 · mobilenetv2 · colours:1 · accuracy 0.500 · stopped after 3 of 6 epochs"
