from __future__ import annotations

import base64
import json
import random
import threading
from itertools import pairwise

import pytest

from vision.data.filtering import ALL_ROWS, RowFilter
from vision.data.manifest import SCHEMA, write_manifest
from vision.data.ordering import SORTS
from vision.data.query import (
    count_rows,
    find_neighbours,
    get_row,
    has_image,
    list_labels,
    list_problems,
    query_rows,
)
from vision.errors import NotFoundError

COUNT = 60
BLANK = dict.fromkeys(SCHEMA.names)
BOX = {"topX": 0.1, "topY": 0.2, "bottomX": 0.5, "bottomY": 0.6, "isCrowd": 0}


def box_row(number: int, **fields) -> dict:
    """Few sizes and labels, so that every order has ties; every 6th row nobody labelled, every 10th is empty."""
    chance = random.Random(number)
    labels = chance.sample(["bolt", "Nüt", "rot's", "100%_sure"], chance.randint(1, 3))
    if number % 6 == 0 or number % 10 == 0:
        labels = []
    annotation = json.dumps([{"label": label, **BOX} for label in labels])
    return {
        **BLANK,
        "row": number,
        "split": ("train", "validation", "test")[number % 3],
        "path": f"images/{chance.choice('abc')}/IMG_{number % 7}.jpg",
        "sha256": f"{number:064x}",
        "format": "jpeg",
        "width": chance.choice((10, 20, 40)),
        "height": chance.choice((20, 10)),
        "bytes": chance.choice((100, 200, 300)),
        "labels": labels,
        "objects": len(labels),
        "problems": ["repaired_label"] if number % 8 == 0 else [],
        "annotation": "null" if number % 6 == 0 else annotation,
        "source_file": "a.jsonl",
        "source_line": number + 1,
        "source": "{}",
    } | fields


ROWS = [box_row(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    path = tmp_path_factory.mktemp("query") / "manifest.parquet"
    write_manifest(ROWS, path)
    return path


def numbers(page) -> list[int]:
    return [row["row"] for row in page.rows]


def read_all(path, *args, limit=7, **options) -> list[int]:
    seen, cursor = [], None
    while True:
        page = query_rows(path, *args, cursor=cursor, limit=limit, **options)
        seen += numbers(page)
        cursor = page.next
        if cursor is None:
            assert page.total == len(seen)
            return seen


KEYS = {
    "row": lambda row: row["row"],
    "path": lambda row: row["path"].encode(),
    "pixels": lambda row: row["width"] * row["height"],
    "bytes": lambda row: row["bytes"],
    "objects": lambda row: row["objects"],
    "label": lambda row: (row["labels"] or [""])[0].encode(),
}


@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
def test_pages_of_every_order_follow_each_other_without_gap_or_repeat(manifest, sort):
    key = KEYS[sort.removeprefix("-")]
    expected = sorted(ROWS, key=lambda row: (key(row), row["row"]), reverse=sort.startswith("-"))
    assert read_all(manifest, sort=sort) == [row["row"] for row in expected]


@pytest.mark.parametrize("sort", ["path", "-pixels", "label", "-label", "objects"])
def test_neighbours_of_every_order_are_those_of_its_pages(manifest, sort):
    rows = RowFilter(split="train")
    order = read_all(manifest, rows, sort=sort)
    for index, (one, other) in enumerate(pairwise(order)):
        assert find_neighbours(manifest, one, rows, sort=sort).after == other
        after = find_neighbours(manifest, other, rows, sort=sort)
        assert (after.before, after.index, after.total) == (one, index + 1, len(order))


def test_missing_values_have_their_place_in_every_order(tmp_path):
    path = tmp_path / "m.parquet"
    missing = {"path": None, "width": None, "bytes": None, "objects": None, "labels": None, "split": "train"}
    write_manifest([box_row(number, **(missing if number % 2 else {})) for number in range(9)], path)
    for name in SORTS:
        up, down = read_all(path, sort=name, limit=2), read_all(path, sort=f"-{name}", limit=2)
        assert sorted(up) == list(range(9))
        assert up == down[::-1]
        if name in ("path", "pixels", "bytes"):
            assert up[:4] == [1, 3, 5, 7]


FILTERS = [
    (RowFilter(labels=("rot's",)), lambda row: "rot's" in row["labels"]),
    (RowFilter(labels=("bolt", "Nüt")), lambda row: {"bolt", "Nüt"} & set(row["labels"])),
    (RowFilter(labels=("bolt", "Nüt"), all_labels=True), lambda row: {"bolt", "Nüt"} <= set(row["labels"])),
    (RowFilter(labels=("bolt", *"abcdefghijk")), lambda row: "bolt" in row["labels"]),
    (RowFilter(labels=("nobody",)), lambda row: False),
    (RowFilter(split="test"), lambda row: row["split"] == "test"),
    (RowFilter(objects_min=1, objects_max=2), lambda row: 1 <= row["objects"] <= 2),
    (RowFilter(objects_max=0), lambda row: row["objects"] == 0),
    (RowFilter(longest_min=20, longest_max=25), lambda row: 20 <= max(row["width"], row["height"]) <= 25),
    (RowFilter(width_min=20, height_max=10), lambda row: row["width"] >= 20 and row["height"] <= 10),
    (RowFilter(width_max=10, height_min=20), lambda row: row["width"] <= 10 and row["height"] >= 20),
    (RowFilter(bytes_min=200, bytes_max=200), lambda row: row["bytes"] == 200),
    (RowFilter(problem="repaired_label"), lambda row: row["problems"]),
    (RowFilter(problem="other"), lambda row: False),
    (RowFilter(unlabelled=True), lambda row: row["annotation"] == "null"),
    (RowFilter(rows=(3, 9, 4, 999)), lambda row: row["row"] in (3, 4, 9)),
    (RowFilter(rows=()), lambda row: False),
    (RowFilter(search="img_3 /A/"), lambda row: "IMG_3" in row["path"] and "/a/" in row["path"]),
    (RowFilter(search="nÜT"), lambda row: "Nüt" in row["labels"]),
    (RowFilter(search="%_s"), lambda row: "100%_sure" in row["labels"]),
    (RowFilter(search="_%"), lambda row: False),
    (RowFilter(search="' OR 1=1 --"), lambda row: False),
    (
        RowFilter(labels=("bolt",), split="train", search="b/"),
        lambda row: "bolt" in row["labels"] and row["split"] == "train" and "/b/" in row["path"],
    ),
    (ALL_ROWS, lambda row: True),
]


@pytest.mark.parametrize(("rows", "matches"), FILTERS)
def test_filters_choose_the_rows_they_say(manifest, rows, matches):
    expected = [row["row"] for row in ROWS if matches(row)]
    page = query_rows(manifest, rows, limit=COUNT)
    assert (numbers(page), page.total) == (expected, len(expected))
    assert count_rows(manifest, rows) == len(expected)


def test_search_over_many_labels_finds_the_same(tmp_path):
    path = tmp_path / "m.parquet"
    rows = [box_row(number, labels=[f"Label {number % 40}"], path=f"images/{number}.jpg") for number in range(80)]
    write_manifest(rows, path)
    assert numbers(query_rows(path, RowFilter(search="label"), limit=99)) == list(range(80))  # in over 8 labels
    assert query_rows(path, RowFilter(search="LABEL 39")).total == 2


def test_exact_page_has_no_next(manifest):
    assert query_rows(manifest, limit=COUNT).next is None


def test_row_holds_what_a_list_shows(manifest):
    row = query_rows(manifest, RowFilter(rows=(1,))).rows[0]
    assert {key: row[key] for key in row} == {key: ROWS[1][key] for key in row}
    assert {"objects", "problems", "annotation", "labels"} <= set(row)


def test_large_annotation_is_left_out_of_lists_only(tmp_path):
    path = tmp_path / "m.parquet"
    write_manifest([box_row(0, annotation='"ä"' + " " * 50), box_row(1, annotation='"a"')], path)
    assert [row["annotation"] for row in query_rows(path, largest=20).rows] == [None, '"a"']
    assert len(get_row(path, 0)["annotation"]) == 53


def cursor_of(*content) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize("cursor", ["x", "-1", "1; drop", "9" * 30, "²", cursor_of("row", 1, 1)])
def test_foreign_cursor_is_refused(manifest, cursor):
    with pytest.raises(NotFoundError):
        query_rows(manifest, cursor=cursor)


BROKEN = [
    ("bytes", "12"),
    ("bytes", "ü"),
    ("bytes", "a" * 5),
    ("bytes", cursor_of("pixels", 1, 1)),
    ("bytes", cursor_of("bytes", "1; drop", 1)),
    ("bytes", cursor_of("bytes", 1)),
    ("bytes", cursor_of("bytes", 1 << 70, 1)),
    ("bytes", cursor_of("bytes", True, 1)),
    ("path", cursor_of("path", 3, 1)),
    ("path", cursor_of("path", "a", None)),
    ("path", cursor_of("path", ["a"], 1)),
    ("path", base64.urlsafe_b64encode(b"[" * 5000).decode()),
]


@pytest.mark.parametrize(("sort", "cursor"), BROKEN)
def test_foreign_cursor_of_an_order_is_refused(manifest, sort, cursor):
    with pytest.raises(NotFoundError):
        query_rows(manifest, sort=sort, cursor=cursor)


@pytest.mark.parametrize("sort", ["sha256", "row; drop", "--row"])
def test_unknown_order_names_the_known(manifest, sort):
    with pytest.raises(NotFoundError, match="pixels"):
        query_rows(manifest, sort=sort)


def test_neighbours_keep_to_the_filter(manifest):
    around = find_neighbours(manifest, 10, RowFilter(split="train"))
    assert (around.before, around.after, around.index, around.total) == (9, 12, 4, 20)
    assert find_neighbours(manifest, 0).before is None
    assert find_neighbours(manifest, COUNT - 1).after is None
    alone = find_neighbours(manifest, 5, RowFilter(rows=()))
    assert (alone.before, alone.after, alone.index, alone.total) == (None, None, 0, 0)
    with pytest.raises(NotFoundError):
        find_neighbours(manifest, 999)


def test_manifest_that_takes_anothers_place_is_counted_anew(tmp_path):
    path = tmp_path / "m.parquet"
    write_manifest(ROWS, path)
    assert (count_rows(path), query_rows(path, limit=1).total) == (COUNT, COUNT)
    write_manifest(ROWS[:5], path)
    assert (count_rows(path), query_rows(path, limit=1).total) == (5, 5)


def test_what_can_be_chosen_by_is_listed_with_its_count(manifest):
    labels = list_labels(manifest)
    assert labels == {
        name: sum(name in row["labels"] for row in ROWS) for name in ("bolt", "Nüt", "rot's", "100%_sure")
    }
    assert list(labels.values()) == sorted(labels.values(), reverse=True)
    assert list_problems(manifest) == {"repaired_label": 8}


def test_one_row_with_all_its_columns(manifest):
    assert get_row(manifest, 3) == ROWS[3]
    for row in (999, -1, 10**40):
        with pytest.raises(NotFoundError):
            get_row(manifest, row)
        with pytest.raises(NotFoundError):
            find_neighbours(manifest, row)


def test_image_by_its_hash(manifest):
    assert has_image(manifest, ROWS[7]["sha256"])
    assert not has_image(manifest, "0" * 63 + "x")


@pytest.mark.heavy
def test_rows_of_megabytes_are_read_all_the_same(tmp_path):
    path = tmp_path / "m.parquet"
    text = '"' + "x" * 3_000_000 + '"'
    write_manifest([box_row(number, annotation=text, source=text) for number in range(40)], path)
    assert [row["annotation"] for row in query_rows(path, sort="-bytes", largest=9).rows] == [None] * 40
    assert get_row(path, 39)["annotation"] == text


def test_many_threads_ask_at_once(manifest):
    answers: list[list[int]] = []
    threads = [threading.Thread(target=lambda: answers.append(read_all(manifest, sort="-bytes"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
