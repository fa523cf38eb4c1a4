from __future__ import annotations

import io

import colorcet
import numpy as np
import torch
from PIL import Image

from vision.explain import Attribution, render_grid

SIDE = 40


def render(values):
    image = Image.new("RGB", (SIDE, SIDE), (200, 30, 90))
    grid = Image.open(io.BytesIO(render_grid(image, Attribution(values))))
    pixels = np.asarray(grid)
    return pixels[:SIDE, :SIDE], pixels[:SIDE, SIDE:], pixels[SIDE:, :SIDE], pixels[SIDE:, SIDE:]


def ramp():
    """Rises from left to right."""
    return torch.linspace(0, 1, SIDE).expand(3, SIDE, SIDE).clone()


def test_four_tiles():
    crop, heat, blend, kept = render(ramp())
    assert (crop == (200, 30, 90)).all()
    low, high = (tuple(bytes.fromhex(colorcet.bgyw[index][1:])) for index in (0, 255))
    assert tuple(heat[0, 0]) == low
    assert tuple(heat[0, -1]) == high
    assert np.abs(blend - (0.4 * crop + 0.6 * heat)).max() <= 1
    is_kept = kept.any(axis=2)
    assert is_kept.mean() == 0.3
    assert is_kept[:, -12:].all()
    assert (kept[is_kept] == (200, 30, 90)).all()


def test_signs_do_not_matter_to_gradients():
    assert np.array_equal(render(ramp())[1], render(-ramp())[1])


def test_a_ranking_runs_from_its_lowest_to_its_highest():
    heat = Attribution(-ramp(), "range").to_heat()
    assert heat[0, 0] == 1
    assert heat[0, -1] == 0


def test_an_empty_map_is_said_not_drawn():
    crop, *others = render(torch.zeros(3, SIDE, SIDE))
    assert (crop == (200, 30, 90)).all()
    for tile in others:
        assert np.array_equal(tile, others[0])
        assert (tile[0, 0] == tile[0, 0, 0]).all()  # grey: no colour of the map
        assert len(np.unique(tile.reshape(-1, 3), axis=0)) > 1  # with words on it
