"""Processes killed in the middle of a real training: every metric point is there once, and the job completes."""

from __future__ import annotations

import signal

import psutil
import pytest

from jobs import selectors
from jobs.models import Job, MetricPoint, Status, Trial
from jobs.services.control import cancel_job, further_document
from jobs.services.submission import submit_job
from tests.jobs.factories import make_job, make_version
from tests.jobs.workers import wait_for
from vision.spec.documents import load_document

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LONG = {"number_of_epochs": 3, "early_stopping": False}


def has_epochs(trial: Trial, count: int) -> bool:
    return MetricPoint.objects.filter(trial=trial, name="accuracy").count() >= count


def has_checkpoint(trial: Trial) -> bool:
    return Trial.objects.filter(pk=trial.pk).exclude(checkpoint_key="").exists()


def ended(job: Job) -> Job | None:
    job.refresh_from_db()
    return job if job.is_ended else None


def find_training(parent: int) -> list[psutil.Process]:
    """The processes that train below a worker, the deepest first."""
    children = psutil.Process(parent).children(recursive=True)
    return [child for child in reversed(children) if "vision.training" in " ".join(child.cmdline())]


def check_completed_once(job: Job, epochs: int) -> Trial:
    job = selectors.get_job(job.name)
    assert job.status == Status.COMPLETED, job.error
    trial = job.trials.get()
    assert trial.outputs_key
    series = selectors.metric_series(trial)
    for name in ("accuracy", "loss_train", "loss_valid"):
        assert [point["epoch"] for point in series[name]] == list(range(1, epochs + 1)), name
    return trial


@pytest.mark.timeout(900)
def test_killed_training_process_goes_on_from_its_checkpoint(workers):
    worker = workers.start()
    job = make_job(**LONG)
    trial = job.trials.get()
    wait_for(lambda: has_checkpoint(trial))
    find_training(worker.pid)[0].kill()
    wait_for(lambda: ended(job))
    trial = check_completed_once(job, 3)
    assert (trial.attempts, trial.restarts) == (2, 1)
    assert "from the checkpoint of epoch" in selectors.trial_log(trial, 0)[0]


@pytest.mark.timeout(900)
def test_killed_worker_and_horse_are_found_by_the_heartbeat(workers):
    worker = workers.start()
    job = make_job(**LONG)
    trial = job.trials.get()
    wait_for(lambda: has_checkpoint(trial))
    horse = psutil.Process(worker.pid).children()[0]
    worker.kill()
    horse.kill()
    worker.wait()
    workers.start()
    wait_for(lambda: ended(job))
    assert check_completed_once(job, 3).restarts == 1


@pytest.mark.timeout(900)
def test_stopped_worker_gives_the_trial_back(workers):
    worker = workers.start()
    job = make_job(**LONG)
    trial = job.trials.get()
    wait_for(lambda: has_epochs(trial, 1))
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    trial.refresh_from_db()
    assert (trial.status, trial.restarts) == (Status.QUEUED, 0)
    assert trial.checkpoint_key
    workers.start()
    wait_for(lambda: ended(job))
    assert check_completed_once(job, 3).restarts == 0


@pytest.mark.timeout(900)
@pytest.mark.parametrize("status", [Status.PREPARING, Status.RUNNING])
def test_cancel_while_it_works(workers, status):
    workers.start()
    job = make_job(**{**LONG, "number_of_epochs": 200})
    wait_for(lambda: Trial.objects.filter(job=job, status=status).exists())
    cancel_job(job)
    wait_for(lambda: ended(job), 60)
    assert (job.status, job.trials.get().status) == (Status.CANCELED, Status.CANCELED)


@pytest.mark.timeout(900)
def test_a_canceled_trial_is_trained_further_where_it_stopped(workers, storage):
    workers.start()
    job = make_job(**{**LONG, "number_of_epochs": 200})
    stopped = job.trials.get()
    wait_for(lambda: has_checkpoint(stopped))
    cancel_job(job)
    wait_for(lambda: ended(job), 60)
    stopped.refresh_from_db()
    document = further_document(stopped)
    assert document["training_parameters"]["number_of_epochs"] == 200
    document["training_parameters"]["number_of_epochs"] = stopped.checkpoint_epoch + 1
    further = submit_job(document)
    wait_for(lambda: ended(further))
    trial = further.trials.get()
    assert (trial.status, trial.epochs) == (Status.COMPLETED, stopped.checkpoint_epoch + 1), trial.error
    told = list(trial.metrics.filter(name="accuracy").order_by("epoch").values_list("epoch", flat=True))
    assert told == list(range(1, stopped.checkpoint_epoch + 2))
    wait_for(lambda: not list(storage.glob(f"trials/{trial.name}/checkpoints/*")), 20)
    assert len(list(storage.glob(f"trials/{stopped.name}/checkpoints/*"))) == 1


@pytest.mark.timeout(900)
def test_broker_wiped_while_the_trial_runs(workers, broker):
    workers.start()
    job = make_job()
    trial = job.trials.get()
    wait_for(lambda: has_epochs(trial, 1))
    broker.flushall()
    wait_for(lambda: ended(job))
    assert check_completed_once(job, 2).restarts == 0


def test_error_of_the_user_fails_at_once(storage, run_queue, settings, client, owner):
    settings.STUDIO_OFFLINE = True
    settings.STUDIO_WEIGHTS_DIR = str(storage)
    job = make_job(make_version(), pretrained="auto")
    run_queue("cpu")
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error["code"] == "weights_unavailable"
    assert job.trials.get().attempts == 1
    client.force_login(owner)
    way_on = f"/jobs/new/?scratch={job.name}&amp;step=3"
    assert way_on in client.get(f"/jobs/{job.name}/").content.decode()
    assert way_on in client.get(f"/jobs/{job.name}/trials/0/").content.decode()
    document = load_document(client.get(f"/jobs/new/?scratch={job.name}&step=3").context["form"].text)
    assert document["training_parameters"]["pretrained"] == "none"
