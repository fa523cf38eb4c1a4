"""The evaluation and the predictions of trials that find objects, over outputs as they leave them."""

import re

import pytest

from datasets.selectors import manifest_path
from jobs import selectors
from jobs.models import Job, Status, Trial
from jobs.objects.evaluation import error_rows, label_rows, matrix_table, point_at
from jobs.predictions import ERRORS, ObjectFilter, object_rows
from tests.jobs.factories import make_version
from tests.jobs.outputs import write_object_outputs
from vision.data.filtering import RowFilter
from vision.data.query import query_rows

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NAMES = ["bolt", "nut", "rivet", "screw"]
BASE = "/jobs/many-parts/trials/0"
REST = "/api/v1/jobs/many-parts/trials/0"


@pytest.fixture(params=["image_object_detection", "image_instance_segmentation"])
def trial(request, storage, tmp_path, settings):
    settings.STUDIO_HOME = tmp_path / "home"
    version = make_version(validation=14, task_type=request.param)
    job = Job.objects.create(
        name="many-parts",
        task_type=request.param,
        primary_metric="mean_average_precision",
        spec={},
        training_data=version,
        status=Status.COMPLETED,
    )
    made = Trial.objects.create(job=job, number=0, status=Status.COMPLETED, params={"model_name": "yolov5"})
    items = query_rows(manifest_path(version), RowFilter(split="validation"), limit=60).rows
    write_object_outputs(made, NAMES, [{key: item[key] for key in ("row", "path", "sha256")} for item in items])
    job.best_trial = made
    job.save()
    return made


def every_row(trial, score=0.3, **filters):
    return object_rows(trial, ObjectFilter(**filters), score=score).page(limit=200).rows


def link(**filters):
    return filters


@pytest.mark.heavy
@pytest.mark.parametrize("score", [0.3, 0.1, 0.8])
def test_counts_lead_to_the_images_that_make_them_at_any_threshold(trial, score):
    evaluation = selectors.get_evaluation(trial)
    point = point_at(evaluation, score)
    assert point["score"] == score
    for row in error_rows(point, link):
        shown = every_row(trial, score, **row["url"])
        kind = row["url"]["error"]
        wrong = [one for item in shown for one in item["predictions"] if one["error"] == kind and one["score"] >= score]
        counted = sum(item["missed"] for item in shown) if kind == "missed" else len(wrong)
        assert counted == row["count"], kind
    for row in label_rows(evaluation, point, link):
        for name, count in (("lost", "false_negatives"), ("false", "false_positives"), ("found", "true_positives")):
            shown = every_row(trial, score, **{name: row["label"]})
            assert bool(shown) == bool(row[count]), (row["label"], name)
            assert len(shown) <= row[count]
    matrix = matrix_table(evaluation, score, link)
    assert matrix["score"] == score
    for row in matrix["rows"]:
        for cell in row["cells"]:
            if not cell["url"]:
                continue
            pair = cell["url"]["truth"] or None, cell["url"]["predicted"] or None
            assert 0 < len(every_row(trial, score, cell=pair)) <= cell["count"]


def test_where_nothing_scores_enough_the_page_says_so(trial, signed_in):
    items = query_rows(manifest_path(trial.job.training_data), RowFilter(split="validation"), limit=60).rows
    rows = [{key: item[key] for key in ("row", "path", "sha256")} for item in items]
    words = "Nothing on these images has a score of 0.3 or more"
    assert words not in signed_in.get(f"{BASE}/evaluation/").content.decode()
    write_object_outputs(trial, NAMES, rows, blind_to=frozenset(range(len(rows))))
    assert words in signed_in.get(f"{BASE}/evaluation/").content.decode()


def test_images_come_worst_first_and_agree_with_the_file_at_the_models_own_threshold(trial):
    rows = every_row(trial)
    losses = [row["loss"] for row in rows]
    assert losses == sorted(losses, reverse=True)
    assert [row["loss"] for row in object_rows(trial, score=0.3).page("best", limit=200).rows] == sorted(losses)
    for row in rows:
        wrong = [one for one in row["finds"] if one["error"] and one["score"] >= 0.3]
        assert row["loss"] == pytest.approx(sum(one["score"] for one in wrong) + row["missed"])
        assert set(row["errors"]) == {one["error"] for one in wrong} | ({"missed"} if row["missed"] else set())
        assert row["is_right"] == (not row["errors"])
    assert {kind for row in rows for kind in row["errors"]} == set(ERRORS)


def test_whole_images_by_outcome_and_sizes_lead_to_theirs(trial, signed_in):
    html = signed_in.get(f"{BASE}/evaluation/").content.decode()
    level = selectors.get_evaluation(trial)["image_level"]
    for name, count in (("overlooked", "false_negatives"), ("alarm", "false_positives"), ("clear", "true_negatives")):
        assert len(every_row(trial, outcome=name)) == level[count]
        assert (f"predictions/?outcome={name}" in html) == (level[count] > 0)
    lost = [row for row in selectors.get_evaluation(trial)["sizes"] if row["support"] > row["found"]]
    assert lost
    for row in lost:
        assert f"predictions/?size={row['size']}" in html
        assert 0 < len(every_row(trial, size=row["size"])) <= row["support"] - row["found"]


def test_the_page_keeps_the_threshold_that_was_chosen(trial, signed_in):
    html = signed_in.get(f"{BASE}/evaluation/?score=0.8").content.decode()
    assert '<option value="0.8" selected>' in html
    assert "score of at least 0.8" in html
    assert "score=0.8" in re.search(r'href="[^"]*predictions/\?error=[^"]*"', html)[0]
    page = signed_in.get(f"{BASE}/predictions/?error=missed&score=0.8").content.decode()
    total = len(every_row(trial, 0.8, error="missed"))
    assert f"{total} image" in page
    assert total > len(every_row(trial, 0.3, error="missed"))


def test_every_tab_answers(trial, signed_in):
    for tab in ("", "metrics/", "evaluation/", "evaluation/?iou=0.75", "predictions/", "files/", "logs/", "config/"):
        assert signed_in.get(f"{BASE}/{tab}").status_code == 200, tab
    interval = "({:.2f}–{:.2f})".format(*trial.interval)
    for path in (f"{BASE}/", f"{BASE}/evaluation/", "/jobs/many-parts/", "/jobs/many-parts/trials/", "/jobs/"):
        assert interval in signed_in.get(path).content.decode(), path


def test_an_image_shows_truth_beside_prediction_and_leads_on(trial, signed_in):
    rows = every_row(trial, error="background")
    assert len(rows) > 2
    html = signed_in.get(f"{BASE}/predictions/{rows[1]['row']}/?error=background").content.decode()
    assert f"predictions/{rows[0]['row']}/?error=background" in html
    assert f"predictions/{rows[2]['row']}/?error=background" in html
    truth, found = html.split('id="stage-2"')
    assert "is-predicted" not in truth
    assert "drawing is-predicted" in found
    assert "Nothing there" in found
    one = signed_in.get(f"{BASE}/predictions/{rows[1]['row']}/?error=background&view=one").content.decode()
    assert one.count("<img src") == html.count("<img src") - 1
    assert f"predictions/{rows[0]['row']}/?error=background&amp;view=one" in one
    assert html.count('<g class="drawing-masks"><path') == (
        2 if trial.job.task_type == "image_instance_segmentation" else 0
    )


def test_rest_has_the_filters_of_the_pages_and_the_names_of_azure(trial, api):
    answer = api.get(f"{REST}/predictions?error=duplicate&score=0.1&limit=200").json()
    assert [item["row"] for item in answer["items"]] == [row["row"] for row in every_row(trial, 0.1, error="duplicate")]
    cell = api.get(f"{REST}/predictions?truth=&predicted=nut&limit=200").json()
    assert [item["row"] for item in cell["items"]] == [row["row"] for row in every_row(trial, cell=(None, "nut"))]
    assert api.get(f"{REST}/predictions?order=confident").status_code == 404
    evaluation = api.get(f"{REST}/evaluation").json()
    logged = evaluation["logged"]
    assert set(logged) == {
        "per_label_metrics",
        "image_level_binary_classifier_metrics",
        "confusion_matrices_per_score_threshold",
        "precisions_per_score_threshold",
        "recalls_per_score_threshold",
        "coco_metrics",
    }
    assert len(logged["coco_metrics"]) == 12
    assert [len(row) for row in logged["confusion_matrices_per_score_threshold"]["0.3"]] == [5] * 4
    assert logged["recalls_per_score_threshold"]["0.3"] == evaluation["metrics"]["recall"]


def test_a_split_or_row_that_is_not_there_is_said(trial, api, signed_in):
    assert evaluation_status(api, "test") == 404
    assert api.get(f"{REST}/predictions?split=test").status_code == 404
    assert api.get(f"{REST}/predictions?split=any").status_code == 422
    assert signed_in.get(f"{BASE}/predictions/99999/").status_code == 404


def evaluation_status(api, split):
    return api.get(f"{REST}/evaluation?split={split}").status_code
