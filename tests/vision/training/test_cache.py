from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.vision.training.runs import make_run
from vision.errors import TrainingError
from vision.training.inputs.cache import build_cache, cache_key, drop_unused, open_cache
from vision.training.inputs.rows import read_rows
from vision.training.inputs.source import CentreDecoder, ImageSource, ReducedDecoder


def load(index: int) -> np.ndarray:
    return np.full((2 + index, 3, 3), index, dtype=np.uint8)


def ignore(done: int, total: int) -> None: ...


def test_what_is_kept_equals_what_is_loaded(tmp_path: Path) -> None:
    build_cache(tmp_path, "key", 5, load, limit=10_000, threads=2, on_progress=ignore)
    cache = open_cache(tmp_path, "key", load=lambda index: pytest.fail(f"{index} was decoded again"))
    for index in range(5):
        np.testing.assert_array_equal(cache[index], load(index))
    assert {path.suffix for path in tmp_path.iterdir()} == {".u8", ".npy"}


def test_what_does_not_fit_is_loaded_when_asked_for(tmp_path: Path) -> None:
    build_cache(tmp_path, "key", 5, load, limit=60, threads=2, on_progress=ignore)
    asked = []
    cache = open_cache(tmp_path, "key", load=lambda index: asked.append(index) or load(index))
    for index in range(5):
        np.testing.assert_array_equal(cache[index], load(index))
    assert asked == [2, 3, 4]
    assert (tmp_path / "key.u8").stat().st_size <= 60


def test_no_cache_is_no_error(tmp_path: Path) -> None:
    np.testing.assert_array_equal(open_cache(tmp_path, "none", load)[1], load(1))


def test_a_failed_decode_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(index: int) -> np.ndarray:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        build_cache(tmp_path, "key", 5, fail, limit=10_000, threads=2, on_progress=ignore)
    assert list(tmp_path.iterdir()) == []


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    import os

    for age, name in enumerate(["new", "middle", "old"]):
        build_cache(tmp_path, name, 2, load, limit=1000, threads=1, on_progress=ignore)
        os.utime(tmp_path / f"{name}.u8", (1000 - age, 1000 - age))
    size = (tmp_path / "new.u8").stat().st_size
    drop_unused(tmp_path, keep={"old"}, limit=size)
    assert {path.stem for path in tmp_path.iterdir()} == {"new", "old"}


def test_the_key_depends_on_images_and_size(tmp_path: Path) -> None:
    assert cache_key(ReducedDecoder(64), ["a"]) != cache_key(ReducedDecoder(32), ["a"])
    assert cache_key(ReducedDecoder(64), ["a"]) != cache_key(ReducedDecoder(64), ["b"])


def test_a_source_reads_the_same_with_and_without_cache_and_in_another_process(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=2)
    rows = read_rows(run.train, run.images_dir)
    source = ImageSource(rows, CentreDecoder(36, 32, "bilinear"), tmp_path / "cache")
    before = [source[index].copy() for index in range(len(source))]
    source.fill(10**9, 2, ignore)
    source.use_cache()
    assert source.is_cached
    sent = pickle.loads(pickle.dumps(source))
    for index, pixels in enumerate(before):
        assert pixels.shape == (32, 32, 3)
        np.testing.assert_array_equal(source[index], pixels)
        np.testing.assert_array_equal(sent[index], pixels)


def test_a_large_jpeg_is_reduced_and_a_small_one_is_not_enlarged(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=1)
    rows = read_rows(run.train, run.images_dir)
    assert ImageSource(rows, ReducedDecoder(20), tmp_path)[0].shape == (20, 24, 3)
    assert ImageSource(rows, ReducedDecoder(400), tmp_path)[0].shape == (40, 48, 3)


def test_a_missing_image_says_which(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=1)
    rows = read_rows(run.train, run.images_dir)
    rows.blob(0).unlink()
    for decoder in (ReducedDecoder(20), CentreDecoder(36, 32, "bilinear")):
        with pytest.raises(TrainingError, match=rows.sha256[0]):
            ImageSource(rows, decoder, tmp_path)[0]
