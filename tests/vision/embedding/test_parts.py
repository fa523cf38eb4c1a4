"""The parts of the embedding process that need no process: descriptor, reducing, places."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.embedding.sets import KINDS, picture
from vision.embedding.descriptor import ColourEdgeDescriptor
from vision.embedding.layout import lay_out
from vision.embedding.reducing import fit_basis, load_basis


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    """Ten pictures of each kind, described."""
    pixels = np.stack([np.asarray(picture(kind, seed, 64)) for kind in KINDS for seed in range(10)])
    return ColourEdgeDescriptor().describe(pixels)


def test_pictures_of_one_kind_are_nearer_to_each_other(features):
    assert features.shape == (30, 256)
    assert features.dtype == np.float32
    distances = np.linalg.norm(features[:, None] - features[None, :], axis=2)
    same = np.arange(30)[:, None] // 10 == np.arange(30)[None, :] // 10
    assert distances[same].max() < distances[~same].min()


def test_no_picture_is_no_feature():
    assert ColourEdgeDescriptor().describe(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0, 256)


def test_reduced_vectors_keep_the_neighbours(features, tmp_path):
    basis = fit_basis(features)
    vectors = basis.reduce(features)
    assert vectors.dtype == np.float16
    assert np.linalg.norm(vectors.astype(np.float32), axis=1) == pytest.approx(np.ones(30), abs=1e-3)
    alike = vectors.astype(np.float32) @ vectors.astype(np.float32).T
    np.fill_diagonal(alike, -2)
    assert (alike.argmax(axis=1) // 10 == np.arange(30) // 10).all()
    basis.save(tmp_path / "basis.npy")
    kept = load_basis(tmp_path / "basis.npy")
    assert kept is not None
    assert np.array_equal(kept.reduce(features), vectors)


def test_half_a_basis_is_none(features, tmp_path):
    fit_basis(features).save(tmp_path / "basis.npy")
    whole = (tmp_path / "basis.npy").read_bytes()
    (tmp_path / "basis.npy").write_bytes(whole[: len(whole) // 2])
    assert load_basis(tmp_path / "basis.npy") is None
    assert load_basis(tmp_path / "none.npy") is None


def test_places_lie_in_the_square_and_are_the_same_each_time(features):
    vectors = fit_basis(features).reduce(features)
    method, places = lay_out(vectors)
    assert method == "t-SNE"
    assert np.abs(places).max() == pytest.approx(1)
    assert np.array_equal(lay_out(vectors)[1], places)
    centres = places.reshape(3, 10, 2).mean(1)
    own = np.linalg.norm(places.reshape(3, 10, 2) - centres[:, None], axis=2).max()
    assert own < min(np.linalg.norm(centres[i] - centres[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("count", [0, 1, 3, 9])
def test_few_are_placed_by_their_components(features, count):
    method, places = lay_out(fit_basis(features).reduce(features)[:count])
    assert (method, places.shape) == ("principal components", (count, 2))


def test_many_of_one_picture_are_placed(features):
    vectors = fit_basis(features).reduce(features)[[0] * 40]
    assert np.isfinite(lay_out(vectors)[1]).all()
