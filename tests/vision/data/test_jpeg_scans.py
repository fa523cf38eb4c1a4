"""Counting how many times a JPEG paints its picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw

from vision.data.images import open_image, probe_image
from vision.data.jpeg_scans import count_scans
from vision.errors import InvalidImageError

SCAN = b"\xff\xda"


def picture(**options) -> bytes:
    target = io.BytesIO()
    image = Image.effect_noise((64, 48), 90).convert("RGB")
    ImageDraw.Draw(image).ellipse((8, 8, 50, 40), fill=(200, 30, 10))
    image.save(target, "JPEG", **options)
    return target.getvalue()


def repeat_scan(data: bytes, times: int) -> bytes:
    """The third scan again and again: a decoder passes over the whole picture for each."""
    start = data.find(SCAN, data.find(SCAN, data.find(SCAN) + 2) + 2)
    end = data.find(b"\xff\xc4", start)
    assert end > start
    return data[:end] + data[start:end] * times + data[end:]


def test_one_scan_is_seen_at_the_first(tmp_path):
    data = picture()
    assert count_scans(data + data[2:] * 200, 100) == 1


def test_scans_of_a_progressive_picture(tmp_path):
    data = picture(progressive=True)
    assert count_scans(data, 100) == data.count(SCAN) == 10
    assert count_scans(data + b"behind the end " + SCAN * 500, 100) == 10
    assert count_scans(repeat_scan(data, 50), 100) == 60
    assert count_scans(repeat_scan(data, 5000), 100) == 101
    assert open_image(repeat_scan(data, 50)).size == (64, 48)


@pytest.mark.parametrize("cut", range(0, 700, 7))
def test_cut_anywhere_it_ends(cut):
    assert count_scans(picture(progressive=True)[:cut], 100) <= 10


def test_a_picture_that_would_take_hours_is_refused(tmp_path):
    bomb = repeat_scan(picture(progressive=True), 2_000)
    (tmp_path / "bomb.jpg").write_bytes(bomb)
    assert probe_image(bomb).format == "jpeg"
    for source in (bomb, tmp_path / "bomb.jpg"):
        with pytest.raises(InvalidImageError, match="over 100 times") as caught:
            open_image(source)
        assert caught.value.code == "image_too_slow"
