from __future__ import annotations

import pytest

from vision.data.drafts import draft_of


def test_the_file_takes_its_place_at_the_end(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with draft_of(path) as draft:
        draft.write_text("new")
        assert not path.exists()
    assert [one.name for one in path.parent.iterdir()] == ["a.txt"]
    assert path.read_text() == "new"


def test_after_an_exception_what_was_there_stays(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        break_off(path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def break_off(path):
    with draft_of(path) as draft:
        draft.write_text("half")
        raise ZeroDivisionError


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "a.txt"
    with draft_of(path) as first, draft_of(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # settled last
