"""The fence, the recording of events, the reaper and the reconciler, on rows alone."""

from __future__ import annotations

import uuid
from datetime import timedelta

import django_rq
import pytest
from django.utils import timezone

from jobs import maintenance, selectors
from jobs.errors import StaleAttemptError
from jobs.models import Job, MetricPoint, Node, Status, Trial
from jobs.services import attempts
from jobs.services.control import cancel_job
from jobs.services.machines import describe_machine, total_memory
from jobs.services.recording import record_events
from jobs.services.running.console import explain_exit
from jobs.services.running.memory import count_killed_for_memory
from tests.jobs.factories import make_job
from vision.errors import TrainingError
from vision.spec.facts import GpuFacts, Machine

pytestmark = [pytest.mark.services, pytest.mark.django_db]
CAUSE = TrainingError("It died.")


def metrics(epoch: int, **values: float | None) -> dict:
    return {"type": "metrics", "at": "2026-01-01T00:00:00Z", "epoch": epoch, "values": values}


@pytest.fixture
def waiting(storage) -> Trial:
    return make_job().trials.get()


@pytest.fixture
def running(waiting) -> Trial:
    attempts.start_attempt(waiting.pk, str(waiting.token), "here", "cpu:0")
    waiting.refresh_from_db()
    return waiting


def age(trial: Trial, seconds: int) -> None:
    past = timezone.now() - timedelta(seconds=seconds)
    Trial.objects.filter(pk=trial.pk).update(heartbeat_at=past, queued_at=past)


def test_attempt_starts_once(running):
    assert (running.status, running.attempts) == (Status.PREPARING, 1)
    assert Job.objects.get(pk=running.job_id).status == Status.PREPARING
    with pytest.raises(StaleAttemptError):
        attempts.start_attempt(running.pk, str(running.token))


def test_events_twice_are_each_point_once(running):
    events = [metrics(1, accuracy=0.5, loss_train=1.0), metrics(2, accuracy=0.75, loss_train=None)]
    for _ in range(2):
        record_events(running.pk, str(running.token), events)
    assert MetricPoint.objects.filter(trial=running).count() == 3
    running.refresh_from_db()
    assert (running.primary_metric, running.best_epoch, running.epochs) == (0.75, 2, 2)


def test_of_equal_epochs_the_surest_is_the_best(running):
    told = [(0.5, 0.1), (0.75, 0.9), (0.75, 0.4), (0.75, 0.6), (0.7, 0.2)]
    events = [metrics(epoch, accuracy=value, loss_valid=loss) for epoch, (value, loss) in enumerate(told, start=1)]
    record_events(running.pk, str(running.token), events)
    running.refresh_from_db()
    assert (running.primary_metric, running.best_epoch) == (0.75, 3)


def test_log_survives_what_databases_refuse(running):
    event = {"type": "log", "at": "2026-01-01T00:00:00Z", "level": "error", "message": "a\x00b \ud800"}
    record_events(running.pk, str(running.token), [event])
    assert "ERROR ab ?" in selectors.trial_log(running, 0)[0]


def test_stale_attempt_writes_nothing(running):
    old = str(running.token)
    attempts.restart_attempt(running.pk, old, CAUSE)
    before = Trial.objects.filter(pk=running.pk).values().get()
    for write in (
        lambda: attempts.heartbeat(running.pk, old),
        lambda: attempts.set_phase(running.pk, old, "Running", "x"),
        lambda: attempts.record_checkpoint(running.pk, old, "key", 1),
        lambda: attempts.complete_attempt(running.pk, old, "key", {}),
        lambda: attempts.fail_attempt(running.pk, old, CAUSE),
        lambda: attempts.cancel_attempt(running.pk, old),
        lambda: attempts.release_attempt(running.pk, old),
        lambda: record_events(running.pk, old, [metrics(1, accuracy=1)]),
        lambda: attempts.start_attempt(running.pk, old),
    ):
        with pytest.raises(StaleAttemptError):
            write()
    assert Trial.objects.filter(pk=running.pk).values().get() == before
    assert not MetricPoint.objects.exists()


def test_dead_attempt_is_started_again_and_at_last_failed(running):
    for restart in range(attempts.MAX_RESTARTS):
        age(running, 60)
        maintenance.reap_dead_attempts()
        running.refresh_from_db()
        assert (running.status, running.restarts) == (Status.QUEUED, restart + 1)
        attempts.start_attempt(running.pk, str(running.token))
    age(running, 60)
    maintenance.reap_dead_attempts()
    running.refresh_from_db()
    assert running.status == Status.FAILED
    assert "started 4 times" in running.error["message"]
    job = Job.objects.get(pk=running.job_id)
    assert job.status == Status.FAILED
    assert job.error == running.error


def test_live_attempt_is_left_alone(running):
    maintenance.run_once()
    running.refresh_from_db()
    assert running.status == Status.PREPARING


def test_cancel_of_a_running_attempt_is_seen_by_its_heart(running):
    assert not attempts.heartbeat(running.pk, str(running.token))
    cancel_job(running.job)
    assert attempts.heartbeat(running.pk, str(running.token))
    cancel_job(running.job)  # asking again while it stops is fine
    assert not attempts.complete_attempt(running.pk, str(running.token), "key", {})
    attempts.cancel_attempt(running.pk, str(running.token))
    assert Job.objects.get(pk=running.job_id).status == Status.CANCELED


def test_canceled_attempt_that_died_ends_canceled(running):
    cancel_job(running.job)
    age(running, 60)
    maintenance.run_once()
    running.refresh_from_db()
    assert (running.status, running.restarts) == (Status.CANCELED, 0)


def test_release_is_not_counted_as_a_fault(running):
    attempts.release_attempt(running.pk, str(running.token))
    running.refresh_from_db()
    assert (running.status, running.restarts) == (Status.QUEUED, 0)


def test_time_limit_ends_the_job_with_its_cause(running):
    Job.objects.filter(pk=running.job_id).update(started_at=timezone.now() - timedelta(hours=2), timeout_minutes=60)
    Trial.objects.filter(pk=running.pk).update(started_at=timezone.now() - timedelta(hours=2))
    maintenance.end_overdue_jobs()
    attempts.cancel_attempt(running.pk, str(running.token))
    job = Job.objects.get(pk=running.job_id)
    assert (job.status, job.error["code"]) == (Status.CANCELED, "job_timeout")


def test_failed_attempt_keeps_its_cause(running):
    attempts.fail_attempt(running.pk, str(running.token), TrainingError("Too hot.", hint="Cool it."))
    job = selectors.get_job(running.job.name)
    assert (job.status, job.error["message"], job.trials.get().error["hint"]) == ("Failed", "Too hot.", "Cool it.")


def test_out_of_memory_starts_again_with_smaller_batches_and_says_so(running, api, signed_in):
    cause = {"code": "out_of_memory", "message": "There was not enough memory.", "hint": "Lower it."}
    before = running.params
    attempts.rescue_attempt(running.pk, str(running.token), cause)
    running.refresh_from_db()
    assert (running.status, running.restarts) == (Status.QUEUED, 0)
    batch = before["training_batch_size"]
    assert running.params["training_batch_size"] == batch // 2
    assert running.params["gradient_accumulation_step"] == 2 * before["gradient_accumulation_step"]
    assert running.params["learning_rate"] == before["learning_rate"]
    assert running.notes[-1]["code"] == "smaller_batch"
    assert f"batches of {batch} images" in running.notes[-1]["message"]
    place = f"{running.job.name}/trials/0"
    assert api.get(f"/api/v1/jobs/{place}").json()["notes"] == running.notes
    assert running.notes[-1]["message"] in signed_in.get(f"/jobs/{place}/").content.decode()


@pytest.mark.parametrize(
    "changes", [{"training_batch_size": 1, "validation_batch_size": 1}, {"auto_find_batch_size": False}]
)
def test_what_cannot_or_must_not_be_halved_fails_with_its_cause(running, changes):
    params = running.params | changes
    Trial.objects.filter(pk=running.pk).update(params=params)
    attempts.rescue_attempt(running.pk, str(running.token), {"code": "out_of_memory", "message": "Too big."})
    running.refresh_from_db()
    assert (running.status, running.error["message"]) == (Status.FAILED, "Too big.")


def test_killed_process_is_explained(tmp_path):
    console = tmp_path / "console.txt"
    console.write_text("exitcode  : -9 (pid: 12)\n")
    assert "memory" in explain_exit(1, console, 78).message
    killed = explain_exit(-9, tmp_path / "none", 78)
    assert ("now 78" in killed.hint, killed.code) == (True, "killed")
    assert explain_exit(-9, tmp_path / "none", is_memory_short=True).code == "out_of_memory"
    assert explain_exit(1, tmp_path / "none", is_memory_short=True).code == "crashed"
    console.write_text("Traceback\nRuntimeError: no such thing\n")
    assert "no such thing" in explain_exit(1, console).message


def test_the_kernel_tells_whom_it_ended_for_memory(tmp_path):
    (tmp_path / "vmstat").write_text("nr_free_pages 12\noom_kill 3\noom_kill_other 9\n")
    assert count_killed_for_memory(tmp_path / "vmstat") == 3
    assert count_killed_for_memory(tmp_path / "none") == 0


def test_a_slot_has_its_share_of_the_machine(tmp_path):
    node = Node(cpu_count=8, cpu_slots=4, memory_bytes=32 * 2**30)
    assert describe_machine(node) == Machine(2, 8 * 2**30)
    node.gpus = [{"name": "A", "memory_bytes": 2**34}, {"name": "A", "memory_bytes": 2**34}]
    assert describe_machine(node) == Machine(4, 16 * 2**30, (GpuFacts("A", 2**34),))
    (tmp_path / "v2").write_text("max\n")
    (tmp_path / "v1").write_text("1073741824\n")
    assert total_memory([tmp_path / "v2", tmp_path / "v1", tmp_path / "none"]) == 2**30
    assert total_memory([]) > 2**30


@pytest.mark.django_db(transaction=True)
def test_queue_is_rebuilt_after_the_broker_was_wiped(storage, broker):
    trial = make_job().trials.get()
    assert len(django_rq.get_queue("cpu")) == 1
    broker.flushall()
    maintenance.run_once()
    assert len(django_rq.get_queue("cpu")) == 0  # a moment of grace
    age(trial, 10)
    maintenance.run_once()
    maintenance.run_once()
    assert len(django_rq.get_queue("cpu")) == 1
    trial.refresh_from_db()
    assert django_rq.get_queue("cpu").jobs[0].args == [trial.pk, str(trial.token)]


@pytest.mark.django_db(transaction=True)
def test_submit_while_the_broker_is_down(storage, settings, broker):
    from rq import Queue

    real, settings.RQ_QUEUES = (
        settings.RQ_QUEUES,
        {name: {**queue, "URL": "redis://127.0.0.1:1/0"} for name, queue in settings.RQ_QUEUES.items()},
    )
    job = make_job()
    assert job.status == Status.QUEUED
    age(job.trials.get(), 10)
    maintenance.run_once()  # still down: nothing to do, nothing raised
    settings.RQ_QUEUES = real
    assert not Queue("cpu", connection=broker).count


def test_token_is_a_uuid_of_its_own(waiting):
    assert isinstance(waiting.token, uuid.UUID)


def test_what_a_run_took_and_its_interval_stand_in_the_summary(running):
    completed = {
        "metrics": {"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95},
        "resources": {"train_duration_seconds": 12.5},
        "epochs": 2,
        "primary_metric": 0.9,
    }
    assert attempts.complete_attempt(running.pk, str(running.token), "trials/x/attempt-1", completed)
    running.refresh_from_db()
    assert running.summary["train_duration_seconds"] == 12.5
    assert running.interval == (0.8, 0.95)
