"""Which trial leads, and which ones these validation images cannot tell from it."""

import pytest

from jobs.models import Job, Status, Trial
from jobs.ranking import rank_trials
from jobs.services.running.materialise import split_seed
from tests.jobs.factories import make_version

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def job(storage, tmp_path, settings):
    settings.STUDIO_HOME = tmp_path / "home"
    job = Job.objects.create(
        name="many-lamp",
        task_type="image_classification",
        primary_metric="accuracy",
        spec={},
        training_data=make_version(),
        status=Status.COMPLETED,
        max_trials=5,
    )
    for number, value in enumerate((0.71, 0.9, 0.87, None, 0.85)):
        summary = {} if value is None else {"accuracy": value, "accuracy_low": value - 0.04, "accuracy_high": 0.95}
        Trial.objects.create(
            job=job,
            number=number,
            status=Status.FAILED if value is None else Status.COMPLETED,
            params={"model_name": "mobilenetv2"},
            primary_metric=value,
            summary=summary,
            outputs_key="" if value is None else f"trials/{number}",
        )
    job.best_trial = job.trials.get(number=1)
    job.save()
    return job


def test_the_best_leads_and_those_inside_its_interval_are_ties(job):
    standings = rank_trials(job.trials.order_by("number"), job.best_trial)
    assert [(one.trial.number, one.place) for one in standings] == [(1, 1), (2, 2), (4, 3), (0, 4), (3, None)]
    assert [one.trial.number for one in standings if one.is_best] == [1]
    assert [one.trial.number for one in standings if one.is_tie] == [2]  # 0.86 is where the interval begins


def test_nothing_is_a_tie_without_an_interval_or_a_best_trial(job):
    job.best_trial.summary = {"accuracy": 0.9}
    assert not any(one.is_tie for one in rank_trials(job.trials.all(), job.best_trial))
    assert not any(one.is_best or one.is_tie for one in rank_trials(job.trials.all(), None))


def test_pages_and_rest_say_what_is_within_noise(job, signed_in, api):
    html = signed_in.get("/jobs/many-lamp/trials/").content.decode()
    assert html.index("Trial 1<") < html.index("Trial 2<") < html.index("Trial 0<")
    assert html.count('class="tie"') == 1
    overview = signed_in.get("/jobs/many-lamp/").content.decode()
    assert "no worse as far as these images can tell" in overview
    items = api.get("/api/v1/jobs/many-lamp/trials").json()["items"]
    assert {item["number"] for item in items if item["is_within_noise_of_best"]} == {2}
    assert items[1]["interval"] == pytest.approx([0.86, 0.95])
    assert items[3]["interval"] is None


def test_the_trials_of_a_job_are_validated_on_the_same_images(job):
    assert len({split_seed(trial) for trial in job.trials.all()}) == 1
