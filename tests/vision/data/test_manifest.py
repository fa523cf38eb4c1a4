from __future__ import annotations

import pytest

from vision.data.manifest import (
    RowFilter,
    count_labels,
    find_neighbours,
    get_row,
    query_rows,
    read_rows,
    write_manifest,
)
from vision.errors import NotFoundError


def row(number: int) -> dict:
    label = "rot's" if number % 2 else "blau"
    return {
        "row": number,
        "split": "validation" if number % 5 == 4 else "train",
        "path": f"images/{label}_{number:03d}.jpg",
        "sha256": f"{number:064x}",
        "format": "jpeg",
        "width": 10,
        "height": 20,
        "bytes": 300,
        "labels": [label],
        "annotation": f'"{label}"',
        "source_file": "a.jsonl",
        "source_line": number + 1,
        "source": "{}",
    }


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "deep" / "manifest.parquet"
    write_manifest([row(number) for number in range(25)], path)
    return path


def test_round_trip(manifest):
    assert read_rows(manifest).to_pylist() == [row(number) for number in range(25)]


def test_pages_follow_each_other_without_gap_or_repeat(manifest):
    seen, cursor = [], None
    while True:
        page = query_rows(manifest, cursor=cursor, limit=7)
        seen += [entry["row"] for entry in page.rows]
        assert page.total == 25
        cursor = page.next
        if cursor is None:
            break
    assert seen == list(range(25))


def test_exact_page_has_no_next(manifest):
    assert query_rows(manifest, limit=25).next is None


def test_filters_add_up(manifest):
    page = query_rows(manifest, label="rot's", split="validation")
    assert [entry["row"] for entry in page.rows] == [9, 19]
    assert query_rows(manifest, search="BLAU 00").total == 5
    assert query_rows(manifest, search="%_").total == 0
    assert query_rows(manifest, label="none").rows == []


@pytest.mark.parametrize("cursor", ["x", "-1", "1; drop", "9" * 30])
def test_foreign_cursor_is_refused(manifest, cursor):
    with pytest.raises(NotFoundError):
        query_rows(manifest, cursor=cursor)


def test_neighbours_keep_to_the_filter(manifest):
    assert find_neighbours(manifest, 9, RowFilter()) == (8, 10)
    assert find_neighbours(manifest, 9, RowFilter(split="validation")) == (4, 14)
    assert find_neighbours(manifest, 0, RowFilter()) == (None, 1)


def test_counts_by_split(manifest):
    assert count_labels(manifest) == {"blau": {"train": 10, "validation": 3}, "rot's": {"train": 10, "validation": 2}}


def test_one_row(manifest):
    assert get_row(manifest, 3)["source"] == "{}"
    with pytest.raises(NotFoundError):
        get_row(manifest, 99)
