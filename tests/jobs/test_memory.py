"""A trial that asks for more memory than there is."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from jobs import selectors
from jobs.models import Status
from tests.jobs.factories import make_job, make_version

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

_LIMIT = 4 * 2**30


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What is started meanwhile may write to 4 GiB of memory of its own."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_LIMIT, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


def test_a_batch_too_large_is_halved_until_it_fits(storage, run_queue, little_memory):
    batch = 12
    job = make_job(
        make_version(images=6, validation=1),
        training_batch_size=batch,
        training_crop_size=384,
        number_of_epochs=1,
        mixed_precision="off",
    )
    run_queue("cpu")
    trial = selectors.get_job(job.name).trials.get()
    assert trial.status == Status.COMPLETED, trial.error
    assert trial.restarts == 0
    assert trial.params["training_batch_size"] < batch
    assert trial.params["training_batch_size"] * trial.params["gradient_accumulation_step"] >= batch
    assert {note["code"] for note in trial.notes} == {"smaller_batch"}
