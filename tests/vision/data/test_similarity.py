"""Neighbours and outliers by vectors in a file."""

from __future__ import annotations

import numpy as np
import pytest

from vision.data import similarity
from vision.data.similarity import find_nearest, find_outliers, find_similar, open_vectors, spread_rows
from vision.errors import NotFoundError

pytestmark = pytest.mark.usefixtures("pieces")


def unit(rows) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float16)


@pytest.fixture
def crowd() -> np.ndarray:
    """Two tight groups of 300, one stranger in row 411, no vector in rows 5 and 500."""
    random = np.random.default_rng(0)
    centres = np.eye(8)[[0, 1]].repeat(300, axis=0)
    rows = centres + random.normal(0, 0.02, (600, 8))
    rows[411] = np.eye(8)[7]
    rows[[5, 500]] = 0
    return unit(rows)


@pytest.fixture
def pieces(monkeypatch):
    monkeypatch.setattr(similarity, "_PIECE", 64)  # many pieces of few rows
    monkeypatch.setattr(similarity, "_FEW", 50)


def test_similar_are_those_a_whole_sort_gives(crowd):
    found = find_similar(crowd, 17, 20)
    scores = crowd.astype(np.float32) @ crowd[17].astype(np.float32)
    scores[[17, 5, 500]] = -np.inf
    assert [row for row, _ in found] == np.argsort(-scores, kind="stable")[:20].tolist()
    assert [score for _, score in found] == pytest.approx(sorted(scores, reverse=True)[:20])


def test_rows_without_a_vector_are_never_similar(crowd):
    found = [row for row, _ in find_similar(crowd, 0, 1000)]
    assert sorted(found) == sorted(set(range(1, 600)) - {5, 500})


def test_equal_ones_come_in_their_order():
    assert find_similar(unit(np.ones((200, 4))), 150, 4) == [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0)]


@pytest.mark.parametrize("row", [-1, 600, 5])
def test_a_row_that_has_no_vector_is_named(crowd, row):
    with pytest.raises(NotFoundError, match=str(row)):
        find_similar(crowd, row, 3)


def test_the_stranger_is_the_first_outlier(crowd):
    found = find_outliers(crowd, 5)
    assert found[0][0] == 411
    assert found[0][1] == pytest.approx(1, abs=0.1)
    assert len(found) == 5
    assert found[0][1] > 10 * found[1][1]
    assert not {5, 500} & {row for row, _ in find_outliers(crowd, 1000)}


def test_too_few_have_no_outliers():
    assert find_outliers(unit(np.eye(5)), 3) == []
    assert find_outliers(np.zeros((0, 4), np.float16), 3) == []


def test_nearest_is_another_one(crowd):
    nearest = find_nearest(crowd)
    wanted = crowd.astype(np.float32) @ crowd.astype(np.float32).T
    np.fill_diagonal(wanted, -np.inf)
    assert nearest.tolist() == wanted.argmax(axis=1).tolist()
    assert find_nearest(crowd[:1]).tolist() == [0]


def test_rows_are_spread_from_first_to_last():
    assert spread_rows(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spread_rows(1_000_000, 3).tolist() == [0, 500_000, 999_999]
    assert spread_rows(0, 3).tolist() == []


@pytest.mark.parametrize("content", [None, b"", b"no numpy", np.zeros(3, np.float16), np.zeros((3, 2), np.float32)])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path, content):
    path = tmp_path / "vectors.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(NotFoundError, match="vectors of this version"):
        open_vectors(path)


def test_objects_in_a_file_are_not_unpickled(tmp_path):
    np.save(tmp_path / "vectors.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(NotFoundError):
        open_vectors(tmp_path / "vectors.npy")
