"""The Map tab, images like one of them, and their REST calls."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest
from django.urls import reverse

from datasets import similar
from datasets.charts.places import image_map
from datasets.drawing import find_series
from datasets.models import DatasetVersion
from datasets.services.embedding_state import start_attempt, tend_embeddings, write_state
from tests.datasets.factories import HOSTILE, browse_row, create_browse_version
from vision.data.manifest import read_rows
from vision.embedding.request import ABOUT, VECTORS

pytestmark = [pytest.mark.services, pytest.mark.django_db, pytest.mark.usefixtures("turned_on")]
MAP, SIMILAR = "/datasets/browse/map/", "/datasets/browse/similar/"
API = "/api/v1/datasets/browse/versions/1"
NAMES = ["bolt", "nut", HOSTILE]


@pytest.fixture
def turned_on(settings, tmp_path):
    settings.STUDIO_EMBEDDINGS = True
    settings.STUDIO_HOME = tmp_path / "home"


@pytest.fixture
def version(storage):
    """Thirty images on a circle, by their vectors: the nearest are before and after, by turns. Row 29 has none."""
    task_type = "image_classification"
    rows = [browse_row(number, task_type, [NAMES[number // 10]]) for number in range(30)]
    version = create_browse_version(task_type=task_type, rows=rows)
    places = np.arange(30)
    angles = (places + places**2 / 100) / 40 * 2 * np.pi  # a little farther from one to the next
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16)
    vectors[29] = 0
    return keep(storage, version, vectors)


def keep(storage, version, vectors, **about):
    """The files as the embedding process leaves them."""
    key = f"datasets/browse/{version.number}/embeddings-test"
    (storage / key).mkdir(parents=True)
    np.save(storage / key / VECTORS, vectors)
    points = [[row, float(x), float(y), row // 10] for row, (x, y) in enumerate(vectors[:29])]
    labels = [{"label": name, "points": 10, "alike": 8, "mixed_with": NAMES[0]} for name in NAMES]
    facts = {"method": "mobilenetv2", "reason": "", "rows": 30, "described": 29, "dimensions": 2, **about}
    found = {"map": {"method": "t-SNE", "points": points, "labels": labels}, "outliers": [[17, 0.9], [3, 0.5]]}
    (storage / key / ABOUT).write_text(json.dumps(facts | found))
    DatasetVersion.objects.filter(pk=version.pk).update(embeddings_key=key, embeddings_state={"status": "ready"})
    version.refresh_from_db()
    return version


def get(client, address: str, status: int = 200, **params) -> str:
    answer = client.get(address, params)
    assert answer.status_code == status
    return answer.content.decode()


def shown_rows(page: str) -> list[int]:
    return [int(row) for row in re.findall(r'<a href="/datasets/browse/images/(\d+)/[^"]*" data-key-item>', page)]


def options_in(page: str) -> dict:
    return json.loads(re.search(r'<script id="image-map-options"[^>]*>(.*?)</script>', page, re.DOTALL)[1])


def test_map_shows_each_image_once_in_the_colour_of_its_label(signed_in, version):
    page = get(signed_in, MAP)
    series = options_in(page)["series"]
    assert sorted(point[2] for one in series for point in one["data"]) == list(range(29))
    assert [one["name"] for one in series] == NAMES
    assert [one["itemStyle"]["color"] for one in series] == [
        f"token:series-{find_series(name, NAMES)}" for name in NAMES
    ]
    assert shown_rows(page) == [17, 3]
    assert "0.90" in page
    assert "rows=17%2C3" in page
    assert "1 image could not be read" in page
    assert "29 of 30" in page
    assert "<td>80%</td>" in page  # the table says what the map shows
    assert "Compute again" not in page
    assert "<script>alert" not in page
    assert html.escape(HOSTILE) in page


def test_images_compared_by_colours_say_why(signed_in, storage, version):
    folder = storage / version.embeddings_key
    about = json.loads((folder / ABOUT).read_text()) | {"reason": "The weights are not here.", "method": "colour-edges"}
    (folder / "again").mkdir()
    (folder / "again" / ABOUT).write_text(json.dumps(about))
    DatasetVersion.objects.update(embeddings_key=f"{version.embeddings_key}/again")
    page = get(signed_in, MAP)
    assert "The weights are not here." in page
    assert "Compute again" in page
    answer = signed_in.post(reverse("datasets:map-again", args=["browse", 1]))
    assert answer.status_code == 302
    version.refresh_from_db()
    assert version.embeddings_key == ""
    assert not (folder / "again").exists()


def test_map_says_how_far_it_is(signed_in, storage, broker, settings):
    version = create_browse_version()
    waiting = get(signed_in, MAP)
    assert "imports and exports come first" in waiting
    assert "data-live" in waiting
    tend_embeddings()
    version.refresh_from_db()
    token = version.embeddings_state["token"]
    start_attempt(version.pk, token)
    told = {"phase": "describing", "done": 1_200, "total": 3_000, "progress": 0.36}
    write_state(version.pk, token, told)
    fragment = signed_in.get(MAP, headers={"HX-Request": "true"}).content.decode()
    assert "1,200 of 3,000" in fragment
    assert 'value="0.3600"' in fragment
    assert "<html" not in fragment

    error = {"message": "No thumbnail of this version can be read.", "hint": "Import it again.", "code": "x"}
    write_state(version.pk, token, {"status": "failed", "error": error})
    failed = get(signed_in, MAP)
    assert "No thumbnail of this version" in failed
    assert "Try again" in failed
    assert signed_in.get(MAP, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    signed_in.post(reverse("datasets:map-again", args=["browse", 1]))
    assert "imports and exports come first" in get(signed_in, MAP)

    settings.STUDIO_EMBEDDINGS = False
    assert "STUDIO_EMBEDDINGS=off" in get(signed_in, MAP)
    refused = signed_in.post(reverse("datasets:map-again", args=["browse", 1]), follow=True)
    assert "turned off" in refused.content.decode()
    DatasetVersion.objects.update(status="failed")
    assert "No map yet" in get(signed_in, MAP)


def test_similar_come_nearest_first(signed_in, version):
    page = get(signed_in, SIMILAR, row=12)
    asked, *found = shown_rows(page)
    assert asked == 12
    assert found[:4] == [11, 13, 10, 14]
    assert sorted([12, *found]) == list(range(29))
    assert "9 of 28 share a label with it" in page
    assert ">0.98<" in page
    assert len(shown_rows(get(signed_in, SIMILAR, row=12, limit=5))) == 6
    assert "limit=240" in get(signed_in, SIMILAR, row=12, limit=5)


@pytest.mark.parametrize("row", ["", "x", "-1", "30", "29", "9" * 30])
def test_no_image_no_similar_ones(signed_in, version, row):
    get(signed_in, SIMILAR, 404, row=row)


def test_without_vectors_the_map_says_why(signed_in, storage):
    create_browse_version()
    answer = signed_in.get(SIMILAR, {"row": 3})
    assert (answer.status_code, answer["Location"]) == (302, f"{MAP}?version=1")
    assert "Find similar" not in get(signed_in, "/datasets/browse/images/3/")


def test_viewer_leads_to_similar_ones(signed_in, version):
    assert f'href="{SIMILAR}?version=1&amp;row=3"' in get(signed_in, "/datasets/browse/images/3/")


def test_a_point_leads_to_its_thumbnail(signed_in, version, storage):
    manifest = read_rows(storage / version.manifest_key).to_pylist()
    answer = signed_in.get("/datasets/browse/images/4/thumb/")
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/datasets/browse/versions/1/thumbs/{manifest[4]['sha256']}.webp",
    )
    get(signed_in, "/datasets/browse/images/99/thumb/", 404)


def test_rest(api, version):
    answer = api.get(f"{API}/similar", {"row": 12, "limit": 2}).json()
    assert [(one["row"], one["similarity"]) for one in answer["items"]] == [
        (11, pytest.approx(0.9814, abs=1e-3)),
        (13, pytest.approx(0.9808, abs=1e-3)),
    ]
    assert answer["next"] is None
    assert {"path", "labels", "thumbnail_url"} <= set(answer["items"][0])

    found = api.get(f"{API}/map").json()
    assert (found["status"], found["method"], found["layout"], found["described"]) == (
        "ready",
        "mobilenetv2",
        "t-SNE",
        29,
    )
    assert found["points"][3] == {
        "row": 3,
        "x": pytest.approx(0.8845, abs=1e-3),
        "y": pytest.approx(0.4666, abs=1e-3),
    } | {"label": "bolt"}
    assert [(one["row"], one["distance"]) for one in found["outliers"]] == [(17, 0.9), (3, 0.5)]

    assert api.get(f"{API}/similar", {"row": 29}).status_code == 404
    assert api.get(f"{API}/similar").status_code == 422


def test_rest_without_vectors(api, storage, settings):
    create_browse_version()
    answer = api.get(f"{API}/similar", {"row": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_embeddings")
    found = api.get(f"{API}/map").json()
    assert (found["status"], found["points"], found["outliers"]) == ("waiting", [], [])
    settings.STUDIO_EMBEDDINGS = False
    assert api.get(f"{API}/map").json()["status"] == "off"


def test_labels_that_share_a_colour_differ_in_shape():
    names = [f"label {number}" for number in range(40)]
    labels = [{"label": name, "points": 1, "alike": 0, "mixed_with": ""} for name in names]
    points = [[number, 0.1, 0.1, number] for number in range(40)]
    series = image_map({"points": points, "labels": labels}, [])["options"]["series"]
    assert [one["name"] for one in series] == [*names[:16], "other labels"]
    looks = {(one["itemStyle"]["color"], one["symbol"]) for one in series}
    assert len(looks) == 17
    assert len(series[-1]["data"]) == 24


def test_an_empty_map_is_drawn():
    assert image_map({"points": [], "labels": []}, [])["options"]["series"] == []


def test_what_is_read_again_is_kept(version):
    assert similar.read_about(version) is similar.read_about(version)
