from __future__ import annotations

import numpy as np
import pytest

from vision.data.geometry import Frame
from vision.data.masks import InvalidMaskError, fill_rings, paint_rings, read_runs, trace_mask

# Written by COCO's own tools (maskApi) for `make_ring_mask`
COMPRESSED = "m05400MM030M030M0330000`0LD"
COUNTS = [29, 5, 4, 5, 4, 2, 1, 2, 4, 2, 1, 2, 4, 2, 1, 2, 4, 5, 4, 5, 4, 5, 20, 1, 8]


def make_ring_mask() -> np.ndarray:
    """9 × 14 px: a block with a slit in it, and one pixel at the edge."""
    mask = np.zeros((9, 14), np.uint8)
    mask[2:7, 3:11] = 1
    mask[4, 5:8] = 0
    mask[0, 13] = 1
    return mask


def make_disc(radius: float, side: int = 200, centre: tuple[float, float] = (100.3, 90.7)) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return ((x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2).astype(np.uint8)


def make_slanted(angle: float, side: int = 200) -> np.ndarray:
    """A rectangle of 50 × 90 px, turned."""
    y, x = np.mgrid[:side, :side] - side / 2
    across, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return ((abs(across) < 25) & (abs(along) < 45)).astype(np.uint8)


def make_blobs(seed: int, side: int = 160) -> np.ndarray:
    """Ragged shapes of some 40 px and more, in several parts."""
    coarse = np.random.default_rng(seed).random((6, 6))
    smooth = np.kron(coarse, np.ones((side // 6 + 1, side // 6 + 1)))[:side, :side]
    for _ in range(12):
        smooth = (smooth + np.roll(smooth, 3, 0) + np.roll(smooth, 3, 1) + np.roll(smooth, -3, 0)) / 4
    return (smooth > np.median(smooth)).astype(np.uint8)


def trace(mask: np.ndarray, **options):
    return trace_mask(mask, Frame(mask.shape[1], mask.shape[0]), **options)


def redraw(mask: np.ndarray, **options) -> np.ndarray:
    return fill_rings(trace(mask, **options).rings, mask.shape[1], mask.shape[0])


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_run_lengths_as_text_and_as_numbers_are_what_coco_means_by_them():
    for counts in (COMPRESSED, COUNTS):
        runs = read_runs({"size": [9, 14], "counts": counts})
        assert np.array_equal(runs.to_mask(), make_ring_mask())


def test_a_crop_holds_the_columns_with_something_in_them():
    runs = read_runs({"size": [9, 14], "counts": COUNTS})
    crop, left = runs.crop()
    assert (left, crop.shape, runs.count_columns()) == (3, (9, 11), 11)
    assert np.array_equal(crop, make_ring_mask()[:, 3:])


def test_a_mask_of_nothing():
    runs = read_runs({"size": [4, 5], "counts": [20]})
    assert not runs.to_mask().any()
    assert runs.count_columns() == 0


@pytest.mark.parametrize(
    ("rle", "why"),
    [
        (7, "an object with size and counts"),
        ({"counts": [1]}, r"\[height, width\]"),
        ({"size": [4], "counts": [4]}, r"\[height, width\]"),
        ({"size": [-2, -2], "counts": [4]}, r"\[height, width\]"),
        ({"size": [100_000, 100_000], "counts": "0"}, "100,000,000 pixels are allowed"),
        ({"size": [2, 2]}, "whole numbers or a text"),
        ({"size": [2, 2], "counts": [1.5, 2.5]}, "whole numbers or a text"),
        ({"size": [2, 2], "counts": [10**30]}, "whole numbers or a text"),
        ({"size": [2, 2], "counts": [10**9]}, "longer than the mask"),
        ({"size": [2, 2], "counts": [-1, 5]}, "negative"),
        ({"size": [2, 2], "counts": [2**63 - 1, 2**63 - 1, 6]}, "longer than the mask"),
        ({"size": [2, 2], "counts": [3]}, "make 3 pixels, not 2 × 2"),
        ({"size": [2, 2], "counts": []}, "make 0 pixels"),
        ({"size": [2, 2], "counts": ""}, "make 0 pixels"),
        ({"size": [2, 2], "counts": "é"}, "no text that COCO's tools write"),
        ({"size": [2, 2], "counts": "o" * 9}, "no text that COCO's tools write"),
        ({"size": [2, 2], "counts": "o" * 20 + "0"}, "far too large"),
        ({"size": [2, 2], "counts": "0" * 1_000_000}, "make 0 pixels"),
    ],
)
def test_hostile_run_lengths_are_refused(rle, why):
    with pytest.raises(InvalidMaskError, match=why):
        read_runs(rle)


def test_a_ring_runs_along_the_edges_of_pixels():
    mask = np.zeros((10, 20), np.uint8)
    mask[2:5, 4:14] = 1
    (ring,) = trace(mask).rings
    points = set(zip(ring[::2], ring[1::2], strict=True))
    assert points == {(0.2, 0.2), (0.7, 0.2), (0.7, 0.5), (0.2, 0.5)}


def test_a_single_pixel_is_a_square():
    mask = np.zeros((10, 10), np.uint8)
    mask[9, 0] = 1
    (ring,) = trace(mask).rings
    assert set(zip(ring[::2], ring[1::2], strict=True)) == {(0, 0.9), (0.1, 0.9), (0.1, 1), (0, 1)}


@pytest.mark.parametrize("seed", range(5))
def test_any_mask_comes_back_to_the_pixel_without_tolerance(seed):
    mask = (np.random.default_rng(seed).random((23, 31)) > 0.55).astype(np.uint8)
    outline = trace(mask, tolerance=0)
    again = fill_rings(outline.rings, 31, 23)
    assert not (mask & ~again & 1).any()
    assert int(again.sum()) - int(mask.sum()) == outline.filled


@pytest.mark.parametrize(
    "mask",
    [make_disc(20), make_disc(35.5), make_disc(80), make_slanted(0.2), make_slanted(0.7853), make_slanted(1.2)],
    ids=["disc 40 px", "disc 71 px", "disc 160 px", "slanted", "diagonal", "steep"],
)
def test_shapes_of_40_px_come_back_with_hardly_a_pixel_lost(mask):
    assert iou(mask, redraw(mask)) >= 0.99
    assert sum(map(len, trace(mask).rings)) < sum(map(len, trace(mask, tolerance=0).rings))


@pytest.mark.parametrize("seed", range(4))
def test_ragged_parts_come_back(seed):
    mask = make_blobs(seed)
    outline = trace(mask)
    again = fill_rings(outline.rings, mask.shape[1], mask.shape[0])
    assert iou(mask, again) >= 0.98 - outline.filled / mask.sum()


def test_parts_are_separate_rings_the_largest_first():
    mask = np.zeros((20, 20), np.uint8)
    mask[1:3, 1:3] = 1
    mask[10:19, 10:19] = 1
    rings = trace(mask).rings
    assert [min(ring) for ring in rings] == [0.5, 0.05]


def test_holes_are_filled_and_counted():
    mask = np.zeros((30, 30), np.uint8)
    mask[5:25, 5:25] = 1
    mask[10:14, 10:15] = 0
    mask[11, 11] = 1  # an island in the hole is covered too
    outline = trace(mask)
    assert (len(outline.rings), outline.filled) == (1, 19)


def test_a_cut_out_mask_is_put_where_it_lay():
    whole = np.zeros((40, 50), np.uint8)
    whole[22:30, 31:45] = 1
    part = trace_mask(whole[20:35, 30:50], Frame(50, 40), left=30, top=20)
    assert part == trace(whole)


def test_a_mask_on_a_turned_image_is_turned():
    stored = np.zeros((20, 40), np.uint8)  # 40 × 20 px as stored, 20 × 40 upright
    stored[0:5, 0:10] = 1  # top left
    outline = trace_mask(stored, Frame(40, 20, orientation=6))
    upright = fill_rings(outline.rings, 20, 40)
    assert np.array_equal(upright, np.rot90(stored, -1))


def test_pixels_are_inside_by_their_centre():
    ring = [0.24, 0.0, 0.76, 0.0, 0.76, 1.0, 0.24, 1.0]  # of 4 px: from 0.96 to 3.04
    assert fill_rings([ring], 4, 2).tolist() == [[0, 1, 1, 0]] * 2


def test_rings_of_one_polygon_are_united():
    rings = [[0, 0, 0.6, 0, 0.6, 1, 0, 1], [0.4, 0, 1, 0, 1, 1, 0.4, 1]]
    assert fill_rings(rings, 10, 4).all()


def test_rings_beyond_the_image_are_cut_off():
    assert fill_rings([[-1, -1, 2, -1, 2, 0.5, -1, 0.5]], 4, 4).tolist() == [[1] * 4, [1] * 4, [0] * 4, [0] * 4]


def test_painting_leaves_what_lies_outside():
    canvas = np.full((4, 4), 7, np.uint16)
    paint_rings(canvas, [[0.5, 0, 1, 0, 1, 0.5, 0.5, 0.5]], 60_000)
    assert canvas.tolist() == [[7, 7, 60_000, 60_000]] * 2 + [[7] * 4] * 2


def test_a_canvas_without_bounds_is_refused():
    with pytest.raises(InvalidMaskError, match="pixels are allowed"):
        fill_rings([[0, 0, 1, 0, 1, 1]], 100_000, 100_000)
