"""Masks as the answers of a scoring request hold them: polygons, and images on demand."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from vision.data.geometry import Frame
from vision.data.masks import TOLERANCE, trace_mask
from vision.inference.pasting import MaskPart

_PILLOW_NAMES = {"JPG": "JPEG", "PNG": "PNG", "BMP": "BMP"}


def trace_part(part: MaskPart, width: int, height: int, most_points: int) -> list[list[float]]:
    """The outlines `[x1, y1, x2, y2, …]` in 0–1 of an object's parts, largest first; `[]` where no pixel is over the
    threshold. A ring of more than `most_points` points is drawn more coarsely, until it has no more."""
    frame = Frame(width, height)
    rings = trace_mask(part.pixels, frame, part.left, part.top).rings
    tolerance = TOLERANCE
    while any(len(ring) > 2 * most_points for ring in rings) and tolerance < width + height:
        tolerance *= 2
        coarse = trace_mask(part.pixels, frame, part.left, part.top, tolerance).rings
        # A ring that simplification would take to nothing comes back whole: then the last one drawn stays.
        rings = [new if len(new) < len(old) else old for new, old in zip(coarse, rings, strict=True)]
    return rings


def draw_part(part: MaskPart, width: int, height: int, image_type: str) -> str:
    """The mask of the whole image, white on black, as base64 of an image file."""
    canvas = np.zeros((height, width), dtype=np.uint8)
    rows, columns = part.pixels.shape
    canvas[part.top : part.top + rows, part.left : part.left + columns] = part.pixels * 255
    target = io.BytesIO()
    Image.fromarray(canvas).save(target, _PILLOW_NAMES[image_type])
    return base64.b64encode(target.getvalue()).decode("ascii")
