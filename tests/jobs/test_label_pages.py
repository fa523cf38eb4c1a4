"""The evaluation and the predictions of a multi-label trial, over outputs as it leaves them."""

import re

import pytest

from datasets.selectors import manifest_path
from jobs import charts, selectors
from jobs.labels import label_rows, most_mixed_up, threshold_words
from jobs.models import Job, Status, Trial
from tests.jobs.factories import make_version
from tests.jobs.outputs import write_label_outputs
from vision.data.filtering import RowFilter
from vision.data.query import query_rows

NAMES = ["amber", "blue", "green"]
BASE = "/jobs/many-lamp/trials/0"


@pytest.fixture
def trial(storage, tmp_path, settings):
    settings.STUDIO_HOME = tmp_path / "home"
    version = make_version(validation=12, task_type="image_classification_multilabel")
    job = Job.objects.create(
        name="many-lamp",
        task_type="image_classification_multilabel",
        primary_metric="iou",
        spec={},
        training_data=version,
        status=Status.COMPLETED,
    )
    made = Trial.objects.create(job=job, number=0, status=Status.COMPLETED, params={"model_name": "mobilenetv2"})
    items = query_rows(manifest_path(version), RowFilter(split="validation"), limit=60).rows
    rows = [
        {**{key: item[key] for key in ("row", "path", "sha256")}, "truth": [NAMES[b] for b in range(3) if n >> b & 1]}
        for n, item in enumerate(items)
    ]
    write_label_outputs(made, NAMES, rows)
    job.best_trial = made
    job.save()
    return made


def every_row(trial):
    return selectors.list_predictions(trial, limit=200).rows


@pytest.mark.django_db
@pytest.mark.services
class TestPages:
    def test_the_labels_stand_worst_first_and_lead_to_their_images(self, signed_in, trial):
        html = signed_in.get(f"{BASE}/evaluation/").content.decode()
        rows = label_rows(selectors.get_evaluation(trial), lambda **filters: "")
        places = [html.index(f'title="{row["label"]}">') for row in rows]
        assert places == sorted(places)
        found = re.findall(r'href="([^"]*predictions/\?(?:missed|false)=[^"]*)"', html)
        assert found
        for url in found:
            page = signed_in.get(url.replace("&amp;", "&")).content.decode()
            assert page.count('class="tile"') == page.count("is-wrong") > 0

    def test_the_primary_metric_has_its_interval(self, signed_in, trial):
        low, high = trial.interval
        assert low < trial.primary_metric < high
        words = f"({low:.2f}–{high:.2f})"
        for path in (f"{BASE}/evaluation/", f"{BASE}/", "/jobs/many-lamp/trials/", "/jobs/many-lamp/", "/jobs/"):
            assert words in signed_in.get(path).content.decode(), path
        assert "iou_low" not in signed_in.get(f"{BASE}/").content.decode()

    def test_each_image_says_what_was_missed_and_what_was_false(self, signed_in, trial):
        wrong = next(row for row in every_row(trial) if row["missed_labels"])
        html = signed_in.get(f"{BASE}/predictions/?missed={wrong['missed_labels'][0]}").content.decode()
        assert html.count("is-missed") >= html.count('class="tile"') > 0
        assert "there, not given" in html

    def test_an_image_without_labels_is_said_to_have_none(self, signed_in, trial):
        assert any(not row["truth"] and not row["predicted"] for row in every_row(trial))
        assert "no label</li>" in signed_in.get(f"{BASE}/predictions/").content.decode()

    @pytest.mark.parametrize("tab", ["", "metrics/", "config/", "logs/", "files/"])
    def test_the_other_tabs_answer(self, signed_in, trial, tab):
        assert signed_in.get(f"{BASE}/{tab}").status_code == 200

    def test_rest_filters_by_each_kind(self, trial, api):
        rows = every_row(trial)
        checks = {
            "truth": lambda row: "blue" in row["truth"],
            "predicted": lambda row: "blue" in row["predicted"],
            "missed": lambda row: "blue" in row["missed_labels"],
            "false": lambda row: "blue" in row["false_labels"],
        }
        for name, applies in checks.items():
            answer = api.get(f"/api/v1/jobs/many-lamp/trials/0/predictions?{name}=blue&limit=200").json()
            assert [item["row"] for item in answer["items"]] == [row["row"] for row in rows if applies(row)], name
        wrong = api.get("/api/v1/jobs/many-lamp/trials/0/predictions?only_errors=true&limit=200").json()
        assert wrong["total"] == sum(row["truth"] != row["predicted"] for row in rows)

    def test_orders(self, trial):
        losses = [row["loss"] for row in every_row(trial)]
        assert losses == sorted(losses, reverse=True)
        unsure = [row["probability"] for row in selectors.list_predictions(trial, order="unsure", limit=200).rows]
        assert unsure == sorted(unsure)


EVALUATION = {
    "label_names": ["nut", "screw", "washer"],
    "metrics": {"iou": 0.8, "accuracy": 0.7, "f1_score_macro": 0.75, "AUC_macro": None},
    "confidence": {"metric": "iou", "low": 0.74, "high": 0.85, "level": 0.95, "resamples": 1000},
    "mix_ups": [[0, 3, 1], [0, 0, 0], [2, 0, 0]],
    "per_label": [
        {"label": name, "iou": iou, "support": 10, "true_positives": 7, "false_positives": 0, "false_negatives": 3}
        for name, iou in (("nut", 0.7), ("screw", 0.9), ("washer", 0.5))
    ],
    "thresholds": {
        "score": 0.5,
        "recommended_score": 0.35,
        "metric": "iou",
        "scores": [
            {"score": 0.35, "precision": 0.8, "recall": 0.9, "f1": 0.85, "iou": 0.86},
            {"score": 0.5, "precision": 0.9, "recall": 0.7, "f1": 0.79, "iou": 0.8},
        ],
    },
}


def link(**filters):
    return "?" + "&".join(f"{key}={value}" for key, value in filters.items())


def test_label_rows_link_only_to_what_there_is():
    rows = label_rows(EVALUATION, link)
    assert [row["label"] for row in rows] == ["washer", "nut", "screw"]
    assert (rows[0]["missed_url"], rows[0]["false_url"]) == ("?missed=washer", "")
    assert rows[0]["right_url"] == "?truth=washer&predicted=washer"


def test_mix_ups_come_with_the_most_frequent_first():
    pairs = most_mixed_up(EVALUATION, link)
    assert [(pair["missed"], pair["given"], pair["count"]) for pair in pairs] == [
        ("nut", "screw", 3),
        ("washer", "nut", 2),
        ("nut", "washer", 1),
    ]
    assert pairs[0]["share"] == 0.3
    assert pairs[0]["url"] == "?missed=nut&false=screw"


def test_a_better_threshold_is_told_only_where_it_is_better():
    assert threshold_words(EVALUATION) == {"score": 0.35, "iou": 0.86, "usual": 0.5, "usual_iou": 0.8}
    usual = EVALUATION["thresholds"] | {"recommended_score": 0.5}
    assert threshold_words(EVALUATION | {"thresholds": usual}) is None


def test_the_threshold_chart_marks_the_recommended_one():
    thresholds = EVALUATION["thresholds"]
    chart = charts.threshold_chart(thresholds["scores"], ("precision", "iou"), thresholds["recommended_score"])
    assert chart["table"]["rows"] == [["0.35", "0.8", "0.86"], ["0.50", "0.9", "0.8"]]
    assert chart["options"]["series"][-1]["markLine"]["data"] == [{"xAxis": 0.35}]
    assert charts.threshold_chart([], ("iou",)) is None


def test_the_headline_has_the_interval_at_its_metric_alone():
    rows = {row["name"]: row for row in charts.headline(EVALUATION)}
    assert list(rows) == ["iou", "accuracy", "f1_score_macro"]
    assert (rows["iou"]["low"], rows["iou"]["high"]) == (0.74, 0.85)
    assert rows["accuracy"]["low"] is None
    assert rows["accuracy"]["title"] == "All labels right"
