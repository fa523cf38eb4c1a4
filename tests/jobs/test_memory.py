"""A trial that asks for more memory than there is."""

from __future__ import annotations

import pytest

from jobs import selectors
from jobs.models import Job, Status
from tests.jobs.factories import make_job, make_version
from tests.jobs.workers import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.timeout(900)
def test_a_batch_too_large_is_halved_until_it_fits(workers):
    batch = 12
    job = make_job(
        make_version(images=6, validation=1),
        training_batch_size=batch,
        training_crop_size=384,
        number_of_epochs=1,
        mixed_precision="off",
    )
    workers.start(limit=9 * 2**29)  # half way between what batches of 6 and of 12 take, 3.8 and 5.2 GiB
    wait_for(lambda: Job.objects.get(pk=job.pk).is_ended)
    trial = selectors.get_job(job.name).trials.get()
    assert trial.status == Status.COMPLETED, trial.error
    assert trial.restarts == 0
    assert trial.params["training_batch_size"] < batch
    assert trial.params["training_batch_size"] * trial.params["gradient_accumulation_step"] >= batch
    assert {note["code"] for note in trial.notes} == {"smaller_batch"}
