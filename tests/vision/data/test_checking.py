"""Opening the images of an import several at a time."""

from __future__ import annotations

import threading

import pytest

from tests.datasets.factories import image_bytes
from tests.vision.data.imports import MemorySink
from vision.data import checking
from vision.data.checking import check_images
from vision.data.images import open_image
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.upload import Upload


@pytest.mark.parametrize(("largest", "meet"), [(100, False), (10_000, True)])
def test_large_images_are_decoded_one_at_a_time(tmp_path, monkeypatch, largest, meet):
    met: list[bool] = []
    both = threading.Barrier(2, timeout=30 if meet else 0.2)

    def open_together(data: bytes):
        try:
            met.append(bool(both.wait() + 1))
        except threading.BrokenBarrierError:
            both.reset()
        return open_image(data)

    monkeypatch.setattr(checking, "_LARGE", largest)
    monkeypatch.setattr(checking, "open_image", open_together)
    files = [f"{number}.png" for number in range(2)]
    for number, file in enumerate(files):
        (tmp_path / file).write_bytes(image_bytes(size=(20, 20 + number)))
    found = list(check_images(Upload(tmp_path, files), files, MemorySink(), DEFAULT_LIMITS, workers=2))
    assert [(one.width, one.height, one.code) for one in found] == [(20, 20, ""), (20, 21, "")]
    assert bool(met) == meet


def test_an_image_over_the_limit_is_not_decoded(tmp_path):
    (tmp_path / "a.png").write_bytes(image_bytes(size=(30, 20)))
    upload = Upload(tmp_path, ["a.png"])
    (found,) = check_images(upload, ["a.png"], MemorySink(), ImportLimits(max_image_pixels=599))
    assert (found.code, found.problem) == ("image_too_large", "The image has 30 × 20 px; 599 pixels are allowed.")
    (found,) = check_images(upload, ["a.png"], MemorySink(), ImportLimits(max_image_pixels=600))
    assert not found.code
