from __future__ import annotations

import pytest

from tests.vision.data.manifests import manifest, row
from vision.data.differences import Changes, count_changes, list_changes, list_only_here, write_changes
from vision.errors import NotFoundError


@pytest.fixture
def compare(tmp_path):
    """`compare(old rows, new rows)`: the counts, and a function to list the changed images."""

    def run(old_rows, new_rows):
        paths = [
            manifest(tmp_path / name, [one | {"row": number} for number, one in enumerate(rows)])
            for name, rows in (("old.parquet", old_rows), ("new.parquet", new_rows))
        ]
        changes = tmp_path / "changes.parquet"
        write_changes(*paths, changes)
        return count_changes(changes), lambda **options: list_changes(changes, *paths, **options)

    return run


ROWS = [row(number, "red") for number in range(6)]


def test_same_rows_differ_in_nothing_whatever_their_order(compare):
    counts, find = compare(ROWS, ROWS[::-1])
    assert counts.is_empty
    assert find().total == 0


def test_each_kind(compare):
    new = [*ROWS[1:], row(9, "red")]
    new[0] = new[0] | {"annotation": '"blue"'}
    new[1] = new[1] | {"split": "test"}
    new[2] = new[2] | {"annotation": '"blue"', "split": "test"}
    counts, find = compare(ROWS, new)
    assert counts == Changes(added=1, removed=1, relabelled=2, moved=2)
    assert [(one.kinds, one.old and one.old["row"], one.new and one.new["row"]) for one in find().images] == [
        (("relabelled",), 1, 0),
        (("moved",), 2, 1),
        (("relabelled", "moved"), 3, 2),
        (("added",), None, 5),
        (("removed",), 0, None),
    ]


def test_picture_under_another_path_is_the_same_picture(compare):
    new = [one | {"path": f"elsewhere/{one['path']}"} for one in ROWS]
    assert compare(ROWS, new)[0].is_empty


def test_picture_that_stands_twice_is_paired_by_its_path(compare):
    same = ROWS[0]["sha256"]
    old = [ROWS[0], ROWS[1] | {"sha256": same, "annotation": '"blue"'}]
    assert compare(old, old[::-1])[0].is_empty
    counts, find = compare(old, old[1:])
    assert counts == Changes(removed=1)
    assert find().images[0].old["path"] == ROWS[0]["path"]


def test_another_picture_under_the_same_path_is_new(compare):
    new = [ROWS[0] | {"sha256": "f" * 64}, *ROWS[1:]]
    assert compare(ROWS, new)[0] == Changes(added=1, removed=1)


def test_pages_follow_each_other(compare):
    _, find = compare(ROWS, [one | {"split": "test"} for one in ROWS])
    found, cursor = [], None
    while True:
        page = find(kind="moved", cursor=cursor, limit=4)
        found += page.images
        cursor = page.next
        if cursor is None:
            break
    assert [one.new["row"] for one in found] == list(range(6))
    assert page.total == 6


@pytest.mark.parametrize("wrong", [{"kind": "x' OR true"}, {"cursor": "-1"}, {"cursor": "²"}, {"cursor": "9" * 20}])
def test_what_is_none_of_ours_is_refused(compare, wrong):
    _, find = compare(ROWS, ROWS[1:])
    with pytest.raises(NotFoundError):
        find(**wrong)


def test_large_annotation_is_left_out(compare):
    large = '"' + "x" * 300_000 + '"'
    _, find = compare(ROWS[:1], [ROWS[0] | {"annotation": large}])
    assert find().images[0].new["annotation"] is None


def test_images_that_are_only_here(tmp_path):
    mine = manifest(tmp_path / "mine.parquet", [*ROWS, ROWS[0] | {"row": 6}])
    other = manifest(tmp_path / "other.parquet", ROWS[2:])
    assert sorted(list_only_here(mine, [other, other])) == sorted((one["sha256"], one["bytes"]) for one in ROWS[:2])
    assert len(list(list_only_here(mine, []))) == 6
