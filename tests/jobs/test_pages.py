"""Job and trial pages over rows and outputs as a finished trial leaves them."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from datasets.selectors import manifest_path
from jobs.models import Job, Status, Trial
from jobs.predictions import named_rows
from jobs.views import common, detail
from tests.jobs.factories import make_version
from tests.jobs.outputs import write_history, write_outputs
from vision.data.filtering import RowFilter
from vision.data.query import query_rows

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def version(storage, tmp_path, settings):
    settings.STUDIO_HOME = tmp_path / "home"
    return make_version()


def make_job(version, name="quiet-lamp", status=Status.RUNNING) -> Trial:
    document = {"type": "automl", "task": "image_classification", "training_data": {"path": version.reference}}
    job = Job.objects.create(
        name=name,
        task_type="image_classification",
        primary_metric="accuracy",
        spec=document,
        training_data=version,
        status=status,
        started_at=timezone.now(),
    )
    resolution = [{"name": "learning_rate", "value": 0.002, "source": "rule", "reason": "Lowered with the batch."}]
    return Trial.objects.create(
        job=job, number=0, status=status, params={"model_name": "mobilenetv2"}, resolution=resolution, epochs_total=4
    )


@pytest.fixture
def running(version):
    found = make_job(version)
    found.progress = {"epoch": 2, "epochs": 4, "step": 5, "steps": 10, "seconds_left": 75, "images_per_second": 21}
    found.epochs = 1
    found.save()
    return found


@pytest.fixture
def done(version):
    found = make_job(version, "done-lamp", Status.COMPLETED)
    items = query_rows(manifest_path(version), RowFilter(split="validation"), limit=60).rows
    rows = [{**{key: item[key] for key in ("row", "path", "sha256")}, "truth": item["labels"][0]} for item in items]
    write_outputs(found, version.label_names, rows)
    write_history(found, 4)
    found.job.best_trial = found
    found.job.save()
    return found


@pytest.mark.parametrize("tab", common.TRIAL_TABS)
@pytest.mark.parametrize("state", ["running", "done"])
def test_every_trial_tab_answers(signed_in, request, tab, state):
    found = request.getfixturevalue(state)
    answer = signed_in.get(reverse("jobs:trial-tab", args=[found.job.name, 0, tab]))
    assert answer.status_code == 200


@pytest.mark.parametrize("tab", detail.TABS)
@pytest.mark.parametrize("state", ["running", "done"])
def test_every_job_tab_answers(signed_in, request, tab, state):
    found = request.getfixturevalue(state)
    assert signed_in.get(reverse("jobs:tab", args=[found.job.name, tab])).status_code == 200


def test_a_running_job_says_how_far_and_follows(signed_in, running):
    html = signed_in.get("/jobs/quiet-lamp/").content.decode()
    assert "epoch 1 of 4" in html
    assert "1\u00a0min 15\u00a0s left" in html
    assert 'hx-get="/jobs/quiet-lamp/"' in html
    assert "Cancel quiet-lamp?" in html


def test_an_ended_job_follows_no_more(signed_in, done):
    html = signed_in.get("/jobs/done-lamp/").content.decode()
    assert "data-live " not in html
    assert "Register" in html


def test_the_confusion_matrix_leads_to_its_images(signed_in, done):
    html = signed_in.get("/jobs/done-lamp/trials/0/evaluation/").content.decode()
    assert "/jobs/done-lamp/trials/0/predictions/?truth=amber&amp;predicted=amber" in html
    html = signed_in.get("/jobs/done-lamp/trials/0/predictions/?truth=amber&predicted=amber").content.decode()
    assert f"/datasets/{done.job.training_data.dataset.name}/versions/1/thumbs/" in html
    assert "is-wrong" not in html


def test_wrong_ones_alone(signed_in, done):
    html = signed_in.get("/jobs/done-lamp/trials/0/predictions/?errors=1").content.decode()
    assert html.count('class="tile"') == html.count("is-wrong")


def test_answers_can_be_asked_to_be_sure(signed_in, done):
    html = signed_in.get("/jobs/done-lamp/trials/0/evaluation/?score=0.7").content.decode()
    assert "no answer" in html
    link = re.search(r'href="([^"]*predictions/\?[^"]*unanswered=1[^"]*)"[^>]*>(\d+)<', html)
    page = signed_in.get(link[1].replace("&amp;", "&")).content.decode()
    assert page.count('class="tile"') == page.count(">no answer</span>") == int(link[2]) > 0


def test_an_image_has_every_probability(signed_in, done):
    first = named_rows(done).page().rows[0]
    html = signed_in.get(f"/jobs/done-lamp/trials/0/predictions/{first['row']}/").content.decode()
    assert html.count("<progress") == 3
    assert "Next" in html


@pytest.fixture
def tested(done, version):
    """The trial with test images too: those of its training split stand in."""
    items = query_rows(manifest_path(version), RowFilter(split="train"), limit=60).rows
    rows = [{**{key: item[key] for key in ("row", "path", "sha256")}, "truth": item["labels"][0]} for item in items]
    write_outputs(done, version.label_names, rows, seed=8, split="test")
    return done


def test_test_stands_beside_validation(signed_in, tested, api):
    html = signed_in.get("/jobs/done-lamp/trials/0/evaluation/").content.decode()
    assert "validation, 12 images" in html
    assert "test, 24 images" in html
    html = signed_in.get("/jobs/done-lamp/trials/0/evaluation/?split=test").content.decode()
    assert "held out and scored once" in html
    assert "predictions/?truth=amber&amp;predicted=amber&amp;split=test" in html
    page = signed_in.get("/jobs/done-lamp/trials/0/predictions/?split=test").content.decode()
    assert "24 images" in page
    rest = "/api/v1/jobs/done-lamp/trials/0"
    whole, test = (api.get(f"{rest}/evaluation{query}").json() for query in ("", "?split=test"))
    assert whole["splits"] == ["validation", "test"]
    assert (test["split"], test["images"]) == ("test", 24)
    assert whole["beside"]["test"] == {key: test[key] for key in ("images", "metrics", "confidence")}
    assert whole["logged"]["confusion_matrix"]["class_labels"] == ["amber", "blue", "green"]
    assert api.get(f"{rest}/predictions?split=test").json()["total"] == 24


@pytest.mark.parametrize("change", ["another_is_best", "still_running"])
def test_test_is_for_the_best_trial_of_an_ended_job(signed_in, tested, api, change):
    job = tested.job
    if change == "another_is_best":
        job.best_trial = Trial.objects.create(job=job, number=1, status=Status.COMPLETED)
    else:
        job.status = Status.RUNNING
    job.save()
    assert "test, 24 images" not in signed_in.get("/jobs/done-lamp/trials/0/evaluation/?split=test").content.decode()
    assert api.get("/api/v1/jobs/done-lamp/trials/0/evaluation?split=test").status_code == 404
    assert api.get("/api/v1/jobs/done-lamp/trials/0/predictions?split=test").status_code == 404


def test_config_gives_the_reason(signed_in, running):
    html = signed_in.get("/jobs/quiet-lamp/trials/0/config/").content.decode()
    assert "Lowered with the batch." in html


def test_outputs_download_as_files(signed_in, done):
    answer = signed_in.get("/jobs/done-lamp/trials/0/outputs/evaluation/evaluation.json")
    assert answer["Content-Disposition"] == 'attachment; filename="evaluation.json"'
    assert b"confusion_matrix" in b"".join(answer.streaming_content)
    assert signed_in.get("/jobs/done-lamp/trials/0/outputs/no/such.file").status_code == 404


def test_canceling_asks_first(signed_in, running):
    assert "Cancel quiet-lamp?" in signed_in.get("/jobs/quiet-lamp/cancel/").content.decode()
    running.refresh_from_db()
    assert running.cancel_requested_at is None
    assert signed_in.post("/jobs/quiet-lamp/cancel/").status_code == 302
    running.job.refresh_from_db()
    assert running.job.cancel_requested_at is not None


def test_cloning_opens_the_form(signed_in, done):
    assert signed_in.get("/jobs/done-lamp/clone/")["Location"] == "/jobs/new/?clone=done-lamp"


def test_the_job_downloads_as_yaml(signed_in, done):
    answer = signed_in.get("/jobs/done-lamp/config/?download")
    assert answer["Content-Type"] == "application/yaml"
    assert b"task: image_classification" in answer.content


def test_what_is_not_there_is_said(signed_in, done):
    for path in ("/jobs/none/", "/jobs/done-lamp/trials/7/", "/jobs/done-lamp/trials/0/nothing/", "/jobs/done-lamp/x/"):
        assert signed_in.get(path).status_code == 404


def test_the_list_filters_and_searches(signed_in, running, done):
    assert "done-lamp" not in signed_in.get("/jobs/?status=Running").content.decode()
    html = signed_in.get("/jobs/?search=done").content.decode()
    assert "done-lamp" in html
    assert "quiet-lamp" not in html
    assert "No job like this" in signed_in.get("/jobs/?search=zzz").content.decode()


def test_the_list_costs_the_same_for_many(signed_in, version, django_assert_max_num_queries):
    for index in range(12):
        make_job(version, f"job-{index}")
    with django_assert_max_num_queries(8):
        signed_in.get("/jobs/")


def test_home_shows_what_runs_and_what_comes_next(signed_in, running):
    html = signed_in.get("/").content.decode()
    assert "quiet-lamp" in html
    assert "epoch 1 of 4" in html
    assert "First steps" in html
