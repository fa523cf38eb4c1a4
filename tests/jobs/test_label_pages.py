"""The evaluation and the predictions of a multi-label trial, over outputs as it leaves them."""

import re

import pytest

from datasets.selectors import manifest_path
from jobs import selectors
from jobs.headline import named_headlines
from jobs.labels import label_rows, most_mixed_up, threshold_words
from jobs.models import Job, Status, Trial
from jobs.predictions import NameFilter, named_rows
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


def every_row(trial, score=None, **filters):
    return named_rows(trial, NameFilter(**filters), score=score, names=NAMES).page(limit=200).rows


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
        unsure = [row["probability"] for row in named_rows(trial).page("unsure", limit=200).rows]
        assert unsure == sorted(unsure)

    @pytest.mark.parametrize("score", [0.25, 0.5, 0.9])
    def test_counts_at_any_threshold_lead_to_as_many_images(self, trial, score):
        rows = label_rows(selectors.get_evaluation(trial), lambda **filters: filters, score)
        counted = set()
        for row in rows:
            for url, count in (("missed_url", "false_negatives"), ("false_url", "false_positives")):
                shown = every_row(trial, score, **row[url]) if row[url] else []
                assert len(shown) == row[count]
            counted.add(sum(row[count] for count in ("true_positives", "false_positives")))
        assert len(counted) > 1

    def test_images_are_named_anew_at_another_threshold(self, signed_in, trial):
        for row in every_row(trial, 0.8):
            given = [name for name, value in zip(NAMES, row["probabilities"], strict=True) if value >= 0.8]
            assert row["predicted"] == given
            assert row["missed_labels"] == [name for name in row["truth"] if name not in given]
            assert row["is_right"] == (set(row["truth"]) == set(given))
        html = signed_in.get(f"{BASE}/evaluation/?score=0.8").content.decode()
        assert '<option value="0.8" selected>' in html
        assert "score=0.8" in re.search(r'href="[^"]*predictions/\?missed=[^"]*"', html)[0]

    def test_an_image_has_every_probability_and_leads_to_the_next(self, signed_in, trial):
        rows = every_row(trial, only_errors=True)
        html = signed_in.get(f"{BASE}/predictions/{rows[0]['row']}/?errors=1").content.decode()
        assert f"predictions/{rows[1]['row']}/?errors=1" in html
        assert "Previous" not in html
        assert html.count("<progress") == 3
        assert "Wrong" in html


EVALUATION = {
    "split": "validation",
    "images": 30,
    "label_names": ["nut", "screw", "washer"],
    "metrics": {"iou": 0.8, "accuracy": 0.7, "f1_score_macro": 0.75, "AUC_macro": None},
    "confidence": {"metric": "iou", "low": 0.74, "high": 0.85, "level": 0.95, "resamples": 1000},
    "mix_ups": [[0, 3, 1], [0, 0, 0], [2, 0, 0]],
    "per_label": [{"label": name, "support": 10} for name in ("nut", "screw", "washer")],
    "thresholds": {
        "score": 0.5,
        "recommended_score": 0.35,
        "metric": "iou",
        "scores": [
            {
                "score": 0.35,
                "iou": 0.86,
                "true_positives": [9, 9, 9],
                "false_positives": [1, 0, 2],
                "false_negatives": [1, 1, 1],
            },
            {
                "score": 0.5,
                "iou": 0.8,
                "true_positives": [7, 9, 5],
                "false_positives": [0, 0, 0],
                "false_negatives": [3, 1, 5],
            },
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
    assert rows[0]["iou"] == 0.5
    lower = {row["label"]: row for row in label_rows(EVALUATION, link, 0.35)}
    assert (lower["washer"]["iou"], lower["washer"]["false_url"]) == (0.75, "?false=washer")


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
    assert "best when labels are given from 0.35 on: 0.86 against 0.8 at 0.5." in threshold_words(EVALUATION)
    usual = EVALUATION["thresholds"] | {"recommended_score": 0.5}
    assert "No other threshold" in threshold_words(EVALUATION | {"thresholds": usual})


def test_the_headline_has_the_interval_at_its_metric_alone():
    rows = {row.title: row.figures[0] for row in named_headlines([EVALUATION])}
    assert list(rows) == ["IoU", "All labels right", "F1, macro"]
    assert (rows["IoU"].low, rows["IoU"].high) == (0.74, 0.85)
    assert rows["All labels right"].low is None
