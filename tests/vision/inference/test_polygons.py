from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from vision.data.masks import fill_rings
from vision.inference.pasting import MaskPart
from vision.inference.polygons import draw_part, trace_part

WIDTH, HEIGHT = 200, 160


def star() -> MaskPart:
    y, x = np.mgrid[0:100, 0:120]
    angle, radius = np.arctan2(y - 50, x - 60), np.hypot(x - 60, y - 50)
    return MaskPart((radius < 30 + 15 * np.cos(9 * angle)).astype(np.uint8), 40, 30)


def to_whole(part: MaskPart) -> np.ndarray:
    whole = np.zeros((HEIGHT, WIDTH), np.uint8)
    whole[part.top : part.top + part.pixels.shape[0], part.left : part.left + part.pixels.shape[1]] = part.pixels
    return whole


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


def test_a_polygon_covers_the_mask():
    rings = trace_part(star(), WIDTH, HEIGHT, 1000)
    assert overlap(fill_rings(rings, WIDTH, HEIGHT), to_whole(star())) > 0.98


@pytest.mark.parametrize(("most", "least_overlap"), [(60, 0.9), (20, 0.6), (4, 0.3)])
def test_no_ring_has_more_points_than_it_may(most, least_overlap):
    rings = trace_part(star(), WIDTH, HEIGHT, most)
    assert all(3 <= len(ring) // 2 <= most for ring in rings)
    assert overlap(fill_rings(rings, WIDTH, HEIGHT), to_whole(star())) > least_overlap


def test_parts_are_rings_of_their_own_largest_first():
    pixels = np.zeros((20, 30), np.uint8)
    pixels[2:5, 2:5] = 1
    pixels[8:18, 10:25] = 1
    rings = trace_part(MaskPart(pixels, 100, 50), WIDTH, HEIGHT, 100)
    assert [min(ring[::2]) * WIDTH for ring in rings] == pytest.approx([110, 102], abs=1e-3)
    assert trace_part(MaskPart(np.zeros((3, 3), np.uint8), 0, 0), WIDTH, HEIGHT, 100) == []


@pytest.mark.parametrize(("image_type", "name"), [("JPG", "JPEG"), ("PNG", "PNG"), ("BMP", "BMP")])
def test_masks_as_images(image_type, name):
    image = Image.open(io.BytesIO(base64.b64decode(draw_part(star(), WIDTH, HEIGHT, image_type))))
    assert (image.format, image.size) == (name, (WIDTH, HEIGHT))
    assert overlap((np.asarray(image.convert("L")) > 127).astype(np.uint8), to_whole(star())) > 0.97
