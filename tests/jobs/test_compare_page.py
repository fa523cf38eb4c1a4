"""Trials beside each other, over rows and outputs as they leave them, for each task type."""

import re

import pytest

from datasets.selectors import manifest_path
from jobs.models import Job, Status, Trial
from jobs.predictions import named_rows, object_rows, only, page_together
from tests.jobs.factories import make_version
from tests.jobs.outputs import write_history, write_label_outputs, write_object_outputs, write_outputs
from vision.catalog.task_types import OBJECT_TASKS, TASK_TYPES, TaskType
from vision.data.filtering import RowFilter
from vision.data.query import query_rows
from vision.errors import NotFoundError

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NAMES = ["amber", "blue", "green"]
PAGE = "/jobs/two-lamps/compare/"
RATES = (0.01, 0.002, 0.05)


def make_job(task_type: str) -> Job:
    """Trials 0 and 1 are completed and answer differently, 2 runs."""
    version = make_version(validation=10, task_type=task_type)
    metric = TASK_TYPES.get(task_type).primary_metric
    job = Job.objects.create(
        name="two-lamps",
        task_type=task_type,
        primary_metric=metric,
        spec={},
        training_data=version,
        status=Status.RUNNING,
    )
    for number, rate in enumerate(RATES):
        Trial.objects.create(
            job=job,
            number=number,
            status=Status.COMPLETED if number < 2 else Status.RUNNING,
            params={"model_name": "mobilenetv2", "learning_rate": rate, "nesterov": True, "layers_to_freeze": None},
            epochs=3,
            epochs_total=3,
            best_epoch=2,
        )
    items = query_rows(manifest_path(version), RowFilter(split="validation"), limit=60).rows
    rows = [{key: item[key] for key in ("row", "path", "sha256")} | {"truth": item["labels"][0]} for item in items]
    for trial in job.trials.filter(number__lt=2):
        write_history(trial, 3)
        _write_predictions(trial, rows)
    job.best_trial = max(job.trials.filter(number__lt=2), key=lambda trial: trial.primary_metric)
    job.save()
    return job


def _write_predictions(trial: Trial, rows: list) -> None:
    task_type, number = trial.job.task_type, trial.number
    if task_type in OBJECT_TASKS:
        write_object_outputs(trial, NAMES, rows, frozenset(range(10 * number, 20 * number)))
    elif task_type == TaskType.MULTILABEL:
        several = [row | {"truth": [NAMES[b] for b in range(3) if n >> b & 1]} for n, row in enumerate(rows)]
        write_label_outputs(trial, NAMES, several, seed=number)
    else:
        write_outputs(trial, NAMES, rows, seed=number)


@pytest.fixture(params=list(TaskType))
def job(request, storage, tmp_path, settings):
    settings.STUDIO_HOME = tmp_path / "home"
    return make_job(request.param)


@pytest.fixture
def names_job(storage, tmp_path, settings):
    settings.STUDIO_HOME = tmp_path / "home"
    return make_job(TaskType.CLASSIFICATION)


def rows_of(trial):
    own = object_rows(trial, score=0.3) if trial.job.task_type in OBJECT_TASKS else named_rows(trial)
    return {row["row"]: row for row in own.page("row", limit=200).rows}


def is_right(row):
    return row["is_right"] if "is_right" in row else row["truth"] == row["predicted"]


def parts_of(job):
    trials = job.trials.filter(number__lt=2).order_by("number")
    is_of_objects = job.task_type in OBJECT_TASKS
    return [object_rows(trial, score=0.3) if is_of_objects else named_rows(trial) for trial in trials]


def test_differences_come_first_then_curves_then_the_same_images(job, signed_in):
    html = signed_in.get(f"{PAGE}?trial=0&trial=1").content.decode()
    marks = ["What differs", "Metrics that they share", 'id="chart-loss-train"', "The same images side by side"]
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "hx-get" not in html  # both have ended
    first, second = (rows_of(trial) for trial in job.trials.filter(number__lt=2))
    for number, rows in enumerate((first, second)):
        links = {int(row) for row in re.findall(rf"/two-lamps/trials/{number}/predictions/(\d+)/", html)}
        assert len(links) == (12 if job.task_type in OBJECT_TASKS else 24)
        assert links <= set(rows)


def test_images_on_which_they_disagree_come_first_and_each_comes_once(job):
    first, second = map(rows_of, job.trials.filter(number__lt=2).order_by("number"))
    differ = {row for row in first if is_right(first[row]) != is_right(second[row])}
    assert 0 < len(differ) < len(first)
    seen, cursor = [], None
    while True:
        page = page_together(parts_of(job), cursor=cursor, limit=7)
        seen += page.rows
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(first)
    assert set(seen[: len(differ)]) == differ
    spreads = [abs(first[row]["loss"] - second[row]["loss"]) for row in seen[: len(differ)]]
    assert spreads == sorted(spreads, reverse=True)
    assert page.before == "21"


def test_each_kind_of_image_is_counted_and_shown(job):
    trials = list(job.trials.filter(number__lt=2).order_by("number"))
    first, second = map(rows_of, trials)
    rights = {row: (is_right(first[row]), is_right(second[row])) for row in first}
    expected = {
        "all": set(rights),
        "differ": {row for row, both in rights.items() if both[0] != both[1]},
        "wrong": {row for row, both in rights.items() if not any(both)},
        "right": {row for row, both in rights.items() if all(both)},
        only(trials[0]): {row for row, both in rights.items() if both == (True, False)},
        only(trials[1]): {row for row, both in rights.items() if both == (False, True)},
    }
    for kind, rows in expected.items():
        page = page_together(parts_of(job), kind, limit=60)
        assert (set(page.rows), page.total) == (rows, len(rows)), kind
        assert page.counts == {name: len(those) for name, those in expected.items()}
    with pytest.raises(NotFoundError):
        page_together(parts_of(job), cursor="-1")


def test_an_answer_is_marked_right_or_wrong_beside_its_trial(job, signed_in):
    html = signed_in.get(f"{PAGE}?trial=0&trial=1&images=differ").content.decode()
    images = html.split("The same images side by side")[1]
    page = page_together(parts_of(job), "differ", limit=60)
    assert 0 < page.total <= 12
    if job.task_type in OBJECT_TASKS:
        assert images.count("tile-badge is-wrong") == images.count("found</p>") == page.total
        assert 'class="drawing is-predicted"' in images
        by_masks = job.task_type == TaskType.SEGMENTATION
        assert ('<g class="drawing-masks"><path' in images) == by_masks
    elif job.task_type == TaskType.MULTILABEL:
        assert images.count(">wrong</span>") == images.count(">right</span>") == page.total
        assert "is-missed" in images or "is-false" in images
    else:
        assert images.count("wrong:</span>") == images.count("right:</span>") == page.total


def test_what_was_set_differently_stands_apart_from_what_is_the_same(names_job, signed_in):
    html = signed_in.get(f"{PAGE}?trial=1&trial=0").content.decode()
    above, folded = html.split('<details class="folded same-settings">')
    assert re.search(r'title="learning_rate">Learning rate</a></th><td[^>]*>0\.002</td><td[^>]*>0\.01</td>', above)
    assert 'title="nesterov"' not in above
    assert re.search(r'title="nesterov">[^<]*</a></th><td[^>]*>true</td>', folded)
    assert "3 hyperparameters are the same" in folded


def test_the_best_of_a_row_is_marked_in_words_and_the_interval_told(names_job, signed_in):
    html = signed_in.get(f"{PAGE}?trial=0&trial=1").content.decode()
    best = names_job.best_trial
    row = re.search(r'<th scope="row" title="accuracy">Accuracy.*?</tr>', html, re.DOTALL)[0]
    cells = row.split("<td")[1:]
    assert [">best</span>" in cell for cell in cells] == [best.number == 0, best.number == 1]
    assert "({:.2f}–{:.2f})".format(*best.interval) in cells[best.number]
    other = names_job.trials.exclude(pk=best.pk).get(number__lt=2)
    assert ('class="tie"' in cells[other.number]) == (other.primary_metric >= best.interval[0])


def test_a_trial_without_predictions_is_said_to_have_none(names_job, signed_in, storage):
    html = signed_in.get(f"{PAGE}?trial=0&trial=1&trial=2").content.decode()
    assert "Trial 2</a> has no predictions yet" in html
    assert "data-live" in html
    assert "trials/1/predictions/" in html
    Trial.objects.filter(number=2).update(status=Status.FAILED)
    html = signed_in.get(f"{PAGE}?trial=0&trial=2").content.decode()
    assert "has no predictions: it is failed" in html
    assert "No images to compare" in html
    (storage / "trials/two-lamps_HD_1/evaluation/predictions.parquet").unlink()
    assert "has no predictions: their file is gone" in signed_in.get(f"{PAGE}?trial=0&trial=1").content.decode()


IN_WORDS = {
    "": "Tick the trials",
    "trial=0": "A comparison takes two trials or more.",
    "trial=0&trial=0": "A comparison takes two trials or more.",
    "trial=0&trial=77": "There is no trial &#x27;77&#x27;:",
    "trial=a&trial=-1&trial=%00&trial=%C3%28&trial=9e99": "and 2 more:",
    "trial=0&trial=two-lamps_HD_1&trial=9": "There is no trial &#x27;9&#x27;:",
    "trial=0&trial=1&images=no-such-kind": "The same images",
    "trial=0&trial=1&cursor=9999": "No image like this",
    "&".join(f"trial={number}" for number in range(8)): "Left out: Trial 6, Trial 7.",
}


def test_whatever_an_address_names_is_answered_in_words(names_job, signed_in):
    for number in range(3, 9):
        Trial.objects.create(job=names_job, number=number, params={"model_name": "mobilenetv2"})
    for query, words in IN_WORDS.items():
        answer = signed_in.get(f"{PAGE}?{query}")
        assert answer.status_code == 200, query
        assert words in answer.content.decode(), query
    assert signed_in.get("/jobs/none/compare/?trial=0&trial=1").status_code == 404
    assert signed_in.get(f"{PAGE}?trial=0&trial=1&cursor=x").status_code == 404
    assert signed_in.post(f"{PAGE}?trial=0&trial=1").status_code == 405


def test_trials_are_ticked_on_the_jobs_page(names_job, signed_in, django_assert_max_num_queries):
    html = signed_in.get("/jobs/two-lamps/trials/").content.decode()
    assert f'action="{PAGE}"' in html
    assert html.count('type="checkbox" name="trial"') == 3
    with django_assert_max_num_queries(14):
        signed_in.get(f"{PAGE}?trial=0&trial=1&trial=2")
    names_job.trials.filter(number__gt=0).delete()
    assert 'type="checkbox" name="trial"' not in signed_in.get("/jobs/two-lamps/trials/").content.decode()
    assert "Nothing to compare yet" in signed_in.get(PAGE).content.decode()


def test_a_trial_of_a_job_like_it_takes_part_and_another_does_not(names_job, signed_in):
    mine = names_job.trials.get(number=0)
    fields = {"task_type": names_job.task_type, "primary_metric": "AUC_weighted", "spec": {}}
    like = Job.objects.create(name="like_it", training_data=names_job.training_data, **fields)
    other = Trial.objects.create(job=like, number=0, status=Status.COMPLETED, params={"model_name": "resnet18"})
    held_out = query_rows(manifest_path(like.training_data), RowFilter(split="validation"), limit=12).rows
    _write_predictions(other, [{**row, "truth": row["labels"][0]} for row in held_out])
    unlike = Job.objects.create(name="unlike", training_data=make_version("others"), **fields)
    Trial.objects.create(job=unlike, number=0)
    html = signed_in.get(f"{PAGE}?trial=0&trial=like_it_HD_0&trial=unlike_HD_0").content.decode()
    assert "There is no trial &#x27;unlike_HD_0&#x27;" in html
    assert re.search(r'title="model_name">Architecture</a></th><td[^>]*>mobilenetv2</td><td[^>]*>resnet18</td>', html)
    assert "only the 12 that all of them have stand here" in html
    assert html.count("/jobs/like_it/trials/0/predictions/") == 12
    assert 'class="tie"' not in html  # AUC and accuracy are not to be held against each other
    assert mine.primary_metric is not None
    assert 'value="like_it_HD_0"' in signed_in.get(PAGE).content.decode()
    assert "unlike" not in signed_in.get(PAGE).content.decode()
