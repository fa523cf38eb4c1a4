"""The picture of an explanation: what the network saw, the heat map, both blended, and the pixels that matter most.

Source: SPEC §10.
"""

from __future__ import annotations

import base64
import io
from functools import cache

import colorcet
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vision.explain.attribution import Attribution

_SHARE = 0.3  # the part of the pixels that the last tile keeps
_OPACITY = 0.6
_MESSAGE = "No pixel has any\ninfluence here:\nthe map is zero."


def render_grid(image: Image.Image, attribution: Attribution) -> bytes:
    """A PNG of 2 × 2 tiles: the crop, its heat map, both blended; the 30 % highest pixels of the crop on black.

    `image` is the RGB crop [H, W] that `attribution` explains. A map that is zero everywhere is not drawn: its three
    tiles say so in words.
    """
    width, height = image.size
    grid = Image.new("RGB", (2 * width, 2 * height))
    for index, tile in enumerate([image, *_explaining_tiles(image, attribution)]):
        grid.paste(tile, ((index % 2) * width, (index // 2) * height))
    target = io.BytesIO()
    # Fast compression: the picture is looked at once and travels as base64 inside JSON.
    grid.save(target, "PNG", compress_level=3)
    return target.getvalue()


def render_grid_base64(image: Image.Image, attribution: Attribution) -> str:
    """`render_grid` as base64 text."""
    return base64.b64encode(render_grid(image, attribution)).decode("ascii")


def _explaining_tiles(image: Image.Image, attribution: Attribution) -> list[Image.Image]:
    if attribution.is_zero:
        return [_write_message(image.size)] * 3
    heat = attribution.to_heat()
    colours = Image.fromarray(_colour_table()[(heat * 255).astype(np.uint8)])
    kept = np.where(_select_highest(heat)[..., None], np.asarray(image), 0).astype(np.uint8)
    return [colours, Image.blend(image, colours, _OPACITY), Image.fromarray(kept)]


def _select_highest(heat: np.ndarray) -> np.ndarray:
    """Bool [H, W]: the highest share of the pixels, never more than it for a tie, never one without influence."""
    order = np.argsort(-heat, axis=None, kind="stable")
    chosen = np.zeros(heat.size, dtype=bool)
    chosen[order[: round(_SHARE * heat.size)]] = True
    return chosen.reshape(heat.shape) & (heat > 0)


@cache
def _colour_table() -> np.ndarray:
    """The colour map bgyw, low blue and green, high yellow and white: uint8 [256, 3]."""
    return np.array([tuple(bytes.fromhex(colour[1:])) for colour in colorcet.bgyw], dtype=np.uint8)


def _write_message(size: tuple[int, int]) -> Image.Image:
    tile = Image.new("RGB", size, (238, 238, 238))
    font = ImageFont.load_default(max(9, size[0] // 14))
    middle = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(tile).multiline_text(middle, _MESSAGE, (70, 70, 70), font, anchor="mm", align="center")
    return tile
