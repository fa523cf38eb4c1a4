"""Submitting, listing, canceling while waiting: no training here."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from django.db import connection

from datasets.models import DatasetVersion
from jobs import selectors
from jobs.models import Job, Status, Trial
from jobs.services.control import cancel_job, cancel_trial, clone_document
from jobs.services.planning import plan_job
from jobs.services.submission import submit_job
from tests.jobs.factories import make_document, make_job, make_version
from vision.errors import ConflictError, InvalidDocumentError
from vision.spec.job import parse_job

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def paths(caught) -> list[str]:
    return [detail.path for detail in caught.value.details]


def test_job_and_trial_are_written_queued(storage, owner):
    version = make_version()
    job = submit_job(make_document(version), user=owner)
    trial = job.trials.get()
    assert (job.status, trial.status) == (Status.QUEUED, Status.QUEUED)
    assert len(job.name.split("_")) == 3
    assert trial.name == f"{job.name}_HD_0"
    assert trial.params["model_name"] == "mobilenetv2"
    assert {row["name"] for row in trial.resolution} == set(trial.params)
    assert job.created_by == owner
    assert job.plan["seconds"] > 0


def test_latest_is_pinned_to_a_version(storage):
    version = make_version()
    document = {**make_document(version), "training_data": {"path": "azureml:colours@latest", "type": "mltable"}}
    job = submit_job(document)
    assert job.training_data == version
    assert job.spec["training_data"]["path"] == "azureml:colours:1"


def test_yaml_does_too(storage):
    job = submit_job(yaml.safe_dump(make_document(make_version()) | {"name": "by-yaml"}))
    assert job.name == "by-yaml"
    assert parse_job(clone_document(job)).name is None


def test_same_key_is_one_job(storage):
    document = make_document(make_version())
    first = submit_job(document, submission_key="k1")
    again = submit_job(document, submission_key="k1")
    assert first.pk == again.pk
    assert Job.objects.count() == Trial.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_same_key_at_the_same_time_is_one_job(storage):
    document = make_document(make_version())

    def submit(_: int) -> str:
        try:
            return submit_job(document, submission_key="twice").name
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(submit, range(4)))
    assert len(names) == 1
    assert Job.objects.count() == Trial.objects.count() == 1


def test_taken_name_is_a_conflict(storage):
    document = make_document(make_version()) | {"name": "mine"}
    submit_job(document)
    with pytest.raises(ConflictError, match="mine"):
        submit_job(document)


def test_unknown_dataset_names_its_path(storage):
    document = make_document(make_version()) | {"training_data": {"path": "azureml:nothing:1", "type": "mltable"}}
    with pytest.raises(InvalidDocumentError) as caught:
        plan_job(parse_job(document))
    assert paths(caught) == ["training_data.path"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"status": DatasetVersion.Status.IMPORTING}, "training_data.path"),
        ({"status": DatasetVersion.Status.FAILED}, "training_data.path"),
        ({"task_type": "image_object_detection"}, "training_data.path"),
        ({"label_names": ["amber"]}, "training_data.path"),
        ({"target_column_name": "kind"}, "target_column_name"),
    ],
)
def test_dataset_that_does_not_fit_is_refused(storage, fields, path):
    with pytest.raises(InvalidDocumentError) as caught:
        make_job(make_version(**fields))
    assert paths(caught) == [path]


def test_too_few_images_are_refused(storage):
    with pytest.raises(InvalidDocumentError, match="10 are the least") as caught:
        make_job(make_version(images=3))
    assert paths(caught) == ["training_data.path"]


def test_validation_data_must_share_labels(storage):
    version = make_version()
    other = make_version("others", label_names=["x", "y"])
    document = make_document(version) | {"validation_data": {"path": other.reference, "type": "mltable"}}
    with pytest.raises(InvalidDocumentError) as caught:
        submit_job(document)
    assert paths(caught) == ["validation_data.path"]


def test_more_than_one_trial_is_refused_by_name(storage):
    document = make_document(make_version()) | {"limits": {"max_trials": 5}}
    with pytest.raises(InvalidDocumentError, match="one trial a job") as caught:
        submit_job(document)
    assert paths(caught) == ["limits.max_trials"]


def test_split_follows_the_document(storage):
    version = make_version(images=10, validation=5)
    own = plan_job(parse_job(make_document(version)))
    shared = plan_job(parse_job(make_document(version) | {"validation_data_size": 0.2}))
    assert (own.facts.train_images, own.facts.validation_images) == (30, 15)
    assert (shared.facts.train_images, shared.facts.validation_images) == (24, 6)


def test_waiting_job_is_canceled_at_once(storage):
    job = make_job()
    cancel_job(job)
    job = selectors.get_job(job.name)
    assert (job.status, job.trials.get().status) == (Status.CANCELED, Status.CANCELED)
    assert job.ended_at is not None
    with pytest.raises(ConflictError):
        cancel_job(job)


def test_canceling_the_only_trial_ends_the_job(storage):
    job = make_job()
    cancel_trial(job.trials.get())
    assert selectors.get_job(job.name).status == Status.CANCELED
    with pytest.raises(ConflictError):
        cancel_trial(job.trials.get())


def test_list_pages_by_cursor_in_few_queries(storage, api, django_assert_max_num_queries):
    version = make_version()
    names = [make_job(version).name for _ in range(5)]
    with django_assert_max_num_queries(6):
        first = api.get("/api/v1/jobs?limit=3").json()
    second = api.get(f"/api/v1/jobs?limit=3&cursor={first['next']}").json()
    assert [job["name"] for job in first["items"] + second["items"]] == names[::-1]
    assert second["next"] is None


def test_rest_errors_have_status_and_path(storage, api):
    document = make_document(make_version(), learning_rate=-1) | {"task": "image_classification"}
    answer = api.post("/api/v1/jobs", json.dumps(document), content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["path"] == "training_parameters.learning_rate"
    assert api.get("/api/v1/jobs/nothing").status_code == 404
    assert api.get("/api/v1/jobs?cursor=x").status_code == 404


def test_rest_takes_yaml_and_idempotency_key(storage, api):
    text = yaml.safe_dump(make_document(make_version()))
    headers = {"Idempotency-Key": "once"}
    answers = [
        api.post("/api/v1/jobs", text, content_type="application/yaml", headers=headers).json()["name"]
        for _ in range(2)
    ]
    assert len(set(answers)) == 1
    trial = api.get(f"/api/v1/jobs/{answers[0]}/trials/0").json()
    assert (trial["status"], trial["primary_metric"], trial["epochs"]) == ("Queued", None, 0)
    assert api.get(f"/api/v1/jobs/{answers[0]}/trials/0/evaluation").status_code == 404
    assert api.get(f"/api/v1/jobs/{answers[0]}/trials/0/outputs").json() == {"items": [], "next": None}
    assert api.get(f"/api/v1/jobs/{answers[0]}/trials/7").status_code == 404
