"""Browsing the images of a version: grid, filters, viewer, REST, as a browser without JavaScript gets them."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.http import QueryDict
from django.urls import reverse

from datasets import selectors
from datasets.drawing import draw_cell, find_series, sketch_cell
from datasets.filters import ItemQuery, read_query, read_rows, read_selection
from datasets.views import images
from tests.datasets.factories import HOSTILE, browse_row, browse_rows, create_browse_version, label_cell
from vision.errors import InvalidDocumentError

pytestmark = [pytest.mark.services, pytest.mark.django_db]
TASK_TYPES = [
    "image_classification",
    "image_classification_multilabel",
    "image_object_detection",
    "image_instance_segmentation",
]
GRID = "/datasets/browse/images/"
ITEMS = "/api/v1/datasets/browse/versions/1/items"


def shown_rows(page: str) -> list[int]:
    """The rows of a page's tiles, by the links that open them."""
    return [int(row) for row in re.findall(r'<a href="/datasets/browse/images/(\d+)/[^"]*" data-key-item>', page)]


def get(client, address: str, **params) -> str:
    answer = client.get(address, params)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(images, "_PAGE", 8)


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_grid_and_viewer_of_every_task_type(signed_in, storage, task_type):
    create_browse_version(task_type=task_type)
    page = get(signed_in, GRID)
    assert shown_rows(page) == list(range(30))
    is_drawn = task_type in TASK_TYPES[2:]
    assert ('class="drawing"' in page) is is_drawn
    assert ("<title>" in page, 'data-overlay="masks"' in page) == (True, task_type == TASK_TYPES[3])
    viewer = get(signed_in, f"{GRID}3/")
    assert ("object-list" in viewer) is is_drawn
    assert "4 of 30" in viewer
    assert "annotations.jsonl:4" in viewer
    assert "No label" in get(signed_in, f"{GRID}9/") or "Nothing on it" in get(signed_in, f"{GRID}9/")


def test_few_classes_never_share_a_colour_and_keep_theirs_elsewhere():
    alone = {name: find_series(name) for name in "abcdefgh"}
    assert len(set(alone.values())) < 8  # by name alone some meet
    together = [find_series(name, list("hgfedcba")) for name in "abcdefgh"]
    assert sorted(together) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert together[0] == alone["a"]
    assert [find_series(name, [*map(str, range(20)), *alone]) for name in alone] == list(alone.values())


def test_thumbnail_draws_each_class_in_its_colour():
    cell = label_cell("image_object_detection", ["bolt", "nut", "bolt"])
    sketch = sketch_cell(cell, 200, 100)
    assert (sketch.width, sketch.height) == (256, 128)
    assert {layer.series for layer in sketch.layers} == {find_series("bolt"), find_series("nut")}
    bolts = next(layer for layer in sketch.layers if layer.series == find_series("bolt"))
    assert bolts.boxes.count("M") == 2
    assert bolts.boxes.startswith("M13 13h")
    assert [shape.label for shape in sketch.names] == ["bolt", "nut", "bolt"]


def test_masks_keep_their_outline_and_their_bounds():
    cell = [{"label": "a", "isCrowd": 1, "polygon": [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.6, 0.9, 0.8]]}]
    (shape,) = draw_cell(cell, 100, 200).shapes
    assert shape.path == "M10 20L50 20L50 100zM60 120L90 120L90 160z"
    assert (shape.x, shape.y, shape.width, shape.height, shape.is_crowd) == (10, 20, 80, 140, True)


def test_drawings_stay_small_however_much_is_labelled():
    ring = [number / 100_000 for number in range(100_000)]
    many = [{"label": f"l{n}", "isCrowd": 0, "polygon": [ring]} for n in range(4)]
    assert len(sketch_cell(many, 4000, 3000).layers[0].masks) < 30_000
    assert sum(len(shape.path) for shape in draw_cell(many, 4000, 3000).shapes) < 2_000_000
    boxes = label_cell("image_object_detection", ["x"]) * 5000
    assert sketch_cell(boxes, 10, 10).hidden == 4850
    assert draw_cell(boxes, 10, 10).hidden == 3000


@pytest.mark.parametrize("cell", [None, [], "bolt", ["bolt", "nut"]])
def test_cells_without_objects_draw_nothing(cell):
    assert sketch_cell(cell, 10, 10) is None
    assert draw_cell(cell, 10, 10) is None


def test_smallest_objects_lie_on_top():
    boxes = [
        {"label": str(side), "topX": 0.1, "topY": 0.1, "bottomX": side, "bottomY": side, "isCrowd": 0}
        for side in (0.3, 0.9, 0.5)
    ]
    assert [shape.label for shape in draw_cell(boxes, 10, 10).shapes] == ["0.9", "0.5", "0.3"]
    assert [shape.number for shape in draw_cell(boxes, 10, 10).shapes] == [2, 3, 1]


def test_pages_follow_by_links_without_a_script(signed_in, storage, small_pages):
    create_browse_version()
    seen, address = [], GRID + "?sort=-bytes"
    while address:
        page = signed_in.get(address).content.decode()
        seen += shown_rows(page)
        more = re.search(r'href="([^"]*)" data-more', page)
        address = html.unescape(more[1]) if more else ""
    assert sorted(seen) == list(range(30))
    assert seen != sorted(seen)
    assert "Back to the first" in page


def test_htmx_gets_the_next_tiles_alone(signed_in, storage, small_pages):
    create_browse_version()
    headers = {"HX-Request": "true"}
    part = signed_in.get(GRID, {"cursor": "7"}, headers=headers).content.decode()
    assert shown_rows(part) == list(range(8, 16))
    assert "<html" not in part
    assert part.lstrip().startswith("<li")
    assert "<html" in signed_in.get(GRID, headers=headers).content.decode()


FILTERS = [
    ({"label": "bolt"}, lambda row: "bolt" in row["labels"]),
    ({"label": ["bolt", "nut"]}, lambda row: {"bolt", "nut"} & set(row["labels"])),
    ({"label": ["bolt", "nut"], "match": "all"}, lambda row: {"bolt", "nut"} <= set(row["labels"])),
    ({"label": HOSTILE}, lambda row: HOSTILE in row["labels"]),
    ({"split": "validation"}, lambda row: row["split"] == "validation"),
    ({"objects_min": "2", "objects_max": "3"}, lambda row: 2 <= row["objects"] <= 3),
    ({"longest_min": "136", "longest_max": "150"}, lambda row: 136 <= max(row["width"], row["height"]) <= 150),
    ({"width_min": "130", "height_max": "100"}, lambda row: row["width"] >= 130 and row["height"] <= 100),
    ({"problem": "repaired_label"}, lambda row: row["problems"]),
    ({"unlabelled": "1"}, lambda row: row["annotation"] == "null"),
    ({"search": "000 SCRIPT"}, lambda row: "000" in row["path"] and HOSTILE in row["labels"]),
    ({"rows": "3, 7-9,99"}, lambda row: row["row"] in (3, 7, 8, 9)),
    ({"objects_min": "many", "split": "test"}, lambda row: row["split"] == "test"),
    ({"sort": "colour", "bytes_min": "-4"}, lambda row: True),
]


def test_filters_of_the_page(signed_in, storage):
    rows = browse_rows("image_object_detection")
    create_browse_version(rows=rows)
    for params, matches in FILTERS:
        expected = [row["row"] for row in rows if matches(row)]
        page = get(signed_in, GRID, **params)
        assert shown_rows(page) == expected, params
        assert f'id="filter-count">{len(expected)} image' in page


def test_what_is_chosen_is_said_and_each_filter_can_be_taken_away(signed_in, storage):
    create_browse_version()
    page = get(signed_in, GRID, label=["bolt", "nut"], split="train", objects_min="1", search="jpg", sort="path")
    addresses = re.findall(r'class="filter-chip" href="(.*?)"', page)
    links = [QueryDict(html.unescape(address).partition("?")[2]) for address in addresses]
    assert len(links) == 5
    assert ">Clear</a>" in page
    assert [link.getlist("label") for link in links[:2]] == [["nut"], ["bolt"]]
    assert all(link["sort"] == "path" for link in links)
    assert sorted(name for name in ("split", "objects_min", "search") for link in links if name not in link) == [
        "objects_min",
        "search",
        "split",
    ]


def test_nothing_that_matches_says_so_and_leads_back(signed_in, storage):
    create_browse_version()
    page = get(signed_in, GRID, search="nothing like it")
    assert "No image matches" in page
    assert 'href="/datasets/browse/images/?version=1"' in page


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30])
def test_foreign_cursor_leads_nowhere(signed_in, storage, cursor):
    create_browse_version()
    assert signed_in.get(GRID, {"cursor": cursor}).status_code == 404
    assert signed_in.get(GRID, {"cursor": cursor, "sort": "path"}).status_code == 404


def test_labels_complete_from_what_begins_like_that(signed_in, storage):
    names = ["steel bolt", "bolt", *(f"label {n}" for n in range(200))]
    create_browse_version(rows=[browse_row(n, "image_classification", [name]) for n, name in enumerate(names)])
    address = reverse("datasets:labels", args=["browse"])
    found = signed_in.get(address, {"q": "BOL"}).json()["items"]
    assert [item["label"] for item in found] == ["bolt", "steel bolt"]
    assert found[0]["images"] == 1
    assert len(signed_in.get(address, {"q": "label"}).json()["items"]) == 50
    assert signed_in.get(address, {"q": "nothing"}).json() == {"items": []}
    assert get(signed_in, GRID).count("<option value=") < 100


def test_viewer_steps_within_filter_and_order(signed_in, storage):
    rows = browse_rows("image_object_detection")
    create_browse_version(rows=rows)
    page = get(signed_in, f"{GRID}4/", split="train", sort="-row")
    order = [row["row"] for row in rows if row["split"] == "train"][::-1]
    place = order.index(4)
    assert f"{place + 1} of {len(order)} that match" in page
    around = re.findall(r'href="/datasets/browse/images/(\d+)/\?([^"]*)" rel="(prev|next)"', page)
    assert [(int(row), rel) for row, _, rel in around] == [(order[place - 1], "prev"), (order[place + 1], "next")]
    assert all(html.unescape(query) == "version=1&split=train&sort=-row" for _, query, _ in around)


def test_viewer_lists_objects_findings_and_both_annotations(signed_in, storage):
    version = create_browse_version()
    finding = {"code": "repaired_label", "message": "Corners were swapped.", "severity": "warning", "line": 5}
    version.report = {"errors": [], "warnings": [finding | {"line": 99, "message": "other"}, finding], "counts": {}}
    version.save()
    page = get(signed_in, f"{GRID}4/")
    row = browse_rows(version.task_type)[4]
    assert page.count('<button type="button" data-object=') == row["objects"]
    assert "Corners were swapped." in page
    assert ">other<" not in page
    assert "image_url" in page
    assert f"{row['width']} × {row['height']} px" in page
    assert "?original" in page


def test_viewer_cuts_texts_no_page_should_hold(signed_in, storage):
    row = browse_row(0, "image_object_detection", ["bolt"], source="x" * 200_000)
    create_browse_version(rows=[row])
    page = get(signed_in, f"{GRID}0/")
    assert len(page) < 120_000
    assert "shown by their beginning" in page


@pytest.mark.parametrize("task_type", TASK_TYPES)
@pytest.mark.parametrize("address", [GRID, f"{GRID}0/"])
def test_hostile_names_are_text_everywhere(signed_in, storage, task_type, address):
    rows = [browse_row(0, task_type, [HOSTILE], path=f"images/{HOSTILE}.jpg", source=HOSTILE, source_file=HOSTILE)]
    create_browse_version(rows=rows)
    page = get(signed_in, address, label=HOSTILE, search="script")
    assert "<script>alert" not in page
    assert "alert('x')" not in page
    assert html.escape(HOSTILE) in page
    assert "{{ 7*7 }}" in page
    assert json.dumps(HOSTILE)[1:-1] not in page


def test_grid_costs_the_same_queries_for_many_images(signed_in, storage, django_assert_max_num_queries):
    create_browse_version()
    with django_assert_max_num_queries(16):
        get(signed_in, GRID)


def test_version_that_is_not_ready_says_so(signed_in, storage):
    version = create_browse_version()
    type(version).objects.update(status="importing", manifest_key="")
    assert "No images to show" in get(signed_in, GRID)
    assert signed_in.get(f"{GRID}0/").status_code == 302
    assert signed_in.get(reverse("datasets:labels", args=["browse"])).status_code == 302


def test_items_over_rest_with_filters_and_annotation(api, storage):
    rows = browse_rows("image_object_detection")
    create_browse_version(rows=rows)
    answer = api.get(ITEMS, {"label": ["bolt", "nut"], "match": "all", "sort": "-objects", "limit": 3}).json()
    expected = [row for row in rows if {"bolt", "nut"} <= set(row["labels"])]
    assert answer["total"] == len(expected)
    counts = [item["objects"] for item in answer["items"]]
    assert counts == sorted(counts, reverse=True)
    item = answer["items"][0]
    assert item["annotation"] == json.loads(rows[item["row"]]["annotation"])
    assert item["problems"] == rows[item["row"]]["problems"]
    assert {"image_url", "thumbnail_url", "file", "line", "sha256", "labels"} <= set(item)
    more = api.get(ITEMS, {"label": ["bolt", "nut"], "match": "all", "sort": "-objects", "cursor": answer["next"]})
    assert len(more.json()["items"]) == len(expected) - 3
    assert api.get(ITEMS, {"rows": "2,4-5"}).json()["total"] == 3
    assert api.get(ITEMS, {"unlabelled": "true"}).json()["items"][0]["annotation"] is None


@pytest.mark.parametrize(
    "params", [{"objects_min": "many"}, {"sort": "colour"}, {"rows": "a-b"}, {"match": "none"}, {"rows": "0-999999999"}]
)
def test_wrong_filters_over_rest_are_refused(api, storage, params):
    create_browse_version()
    answer = api.get(ITEMS, params)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]


def test_large_annotation_comes_alone_over_rest(storage):
    create_browse_version(task_type="image_instance_segmentation")
    version = selectors.find_version("browse")
    page = selectors.list_items(version, limit=30, page_bytes=900)
    assert all(row["annotation"] is None or len(row["annotation"]) <= 30 for row in page.rows)
    item = selectors.item_to_dict(version, page.rows[0])
    assert (item["annotation"], item["annotation_left_out"]) == (None, True)
    whole = selectors.item_to_dict(version, selectors.list_items(version, limit=1, page_bytes=900).rows[0])
    assert whole["annotation"]
    assert "annotation_left_out" not in whole


def test_chosen_rows_come_as_numbers_spans_or_a_filter():
    assert read_rows("7,3, 10-12,11") == [3, 7, 10, 11, 12]
    assert read_selection(QueryDict("rows=3&rows=5-6&action=drop")).to_filter().rows == (3, 5, 6)
    matching = ItemQuery(label=["a&b", HOSTILE], split="test").to_address()
    form = QueryDict(mutable=True)
    form.update({"matching": matching, "split": "train", "rows": "4"})
    chosen = read_selection(form).to_filter()
    assert (chosen.labels, chosen.split, chosen.rows) == (("a&b", HOSTILE), "test", None)
    assert read_selection(QueryDict("matching=")).to_filter() == ItemQuery().to_filter()


@pytest.mark.parametrize("form", ["", "rows=", "rows=x", "rows=1-99999999", "matching=sort%3Dcolour", "rows=-1"])
def test_choice_that_cannot_be_understood_is_refused(form):
    with pytest.raises(InvalidDocumentError):
        read_selection(QueryDict(form))


def test_filter_survives_its_address():
    given = {"label": ["a", "b,c"], "match": "all", "objects_min": 0, "unlabelled": True, "rows": "1-3"}
    query = ItemQuery(**given, sort="-path")
    assert read_query(QueryDict(query.to_address())) == query
    assert ItemQuery().to_address() == ""
    assert not ItemQuery(sort="path").is_filtered
