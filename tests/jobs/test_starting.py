"""Naming the run to start from."""

import pytest

from jobs.models import Job, Status, Trial
from jobs.services.starting import check_start, find_start
from tests.jobs.factories import make_version
from vision.errors import InvalidDocumentError

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def make_trial(name: str, number: int = 0, **fields) -> Trial:
    job, _ = Job.objects.get_or_create(
        name=name,
        defaults={
            "task_type": "image_classification",
            "primary_metric": "accuracy",
            "training_data": make_version(),
            "spec": {},
        },
    )
    values = {"status": Status.COMPLETED, "params": {"model_name": "mobilenetv2"}, "outputs_key": f"trials/{name}"}
    trial = Trial.objects.create(job=job, number=number, **values | fields)
    job.best_trial = trial
    job.save()
    return trial


def ask(run_id: str, task_type: str = "image_classification", **values) -> None:
    check_start(task_type, {"model_name": "mobilenetv2", "checkpoint_run_id": run_id} | values)


def test_a_trial_is_found_by_its_id_and_by_its_job(storage):
    first, second = make_trial("amber_HD_lamp", 0), make_trial("amber_HD_lamp", 1)
    assert find_start("amber_HD_lamp_HD_0") == first
    assert find_start("amber_HD_lamp_HD_1") == second
    assert find_start("amber_HD_lamp") == second  # the job's best
    assert find_start("amber") is None


def test_a_fitting_run_is_accepted_and_none_is_needed(storage):
    make_trial("lamp")
    ask("lamp_HD_0")
    ask("lamp")
    check_start("image_classification", {"model_name": "mobilenetv2"})


@pytest.mark.parametrize(
    ("fields", "asked", "words"),
    [
        ({}, {"run_id": "lamp_HD_7"}, "no trial named lamp_HD_7"),
        ({"outputs_key": "", "status": Status.CANCELED}, {}, "left no weights"),
        ({}, {"task_type": "image_object_detection"}, "trained for image_classification"),
        ({}, {"model_name": "resnet18"}, "trained the architecture mobilenetv2, this job trains resnet18"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(storage, fields, asked, words):
    make_trial("lamp", **fields)
    with pytest.raises(InvalidDocumentError, match=words) as raised:
        ask(**{"run_id": "lamp_HD_0"} | asked)
    assert raised.value.details[0].path == "training_parameters.checkpoint_run_id"
