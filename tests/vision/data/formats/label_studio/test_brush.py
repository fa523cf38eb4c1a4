"""Brush strokes: packed here by the format's description, bit by bit, and unpacked by ours."""

from __future__ import annotations

import random

import numpy as np
import pytest

from vision.data.formats.label_studio.brush import decode_brush
from vision.data.masks import InvalidMaskError

SIZES = (3, 4, 8, 16)


def pack(mask, seed: int = 0, sizes=SIZES) -> list[int]:
    """A mask as RGBA values, in runs and in literals of random lengths."""
    rng = random.Random(seed)
    values = np.repeat(np.asarray(mask, np.uint8).ravel() * 255, 4).tolist()
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in sizes)
    at = 0
    while at < len(values):
        end = at + 1
        while end < len(values) and values[end] == values[at] and end - at < 1 << 16:
            end += 1
        repeats = end - at > 2 and rng.random() < 0.9
        end = end if repeats else min(len(values), at + rng.randint(1, 8))
        kind = next(kind for kind in range(4) if end - at - 1 < 1 << sizes[kind])
        words = values[at : at + 1] if repeats else values[at:end]
        bits += f"{int(repeats)}{kind:02b}{end - at - 1:0{sizes[kind]}b}" + "".join(f"{word:08b}" for word in words)
        at = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_packed_is_unpacked(seed):
    rng = np.random.default_rng(seed)
    mask = (rng.random((rng.integers(1, 12), rng.integers(1, 12))) > rng.random()).astype(np.uint8)
    assert (decode_brush(pack(mask, seed), mask.shape[1], mask.shape[0]) == mask).all()


GOOD = pack([[1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("rle", "size"),
    [
        (GOOD, (3, 2)),
        (GOOD, (1 << 20, 1 << 20)),
        (GOOD[:9], (2, 2)),
        (GOOD[:5], (2, 2)),
        ([], (2, 2)),
        ([300], (2, 2)),
        ([-1], (2, 2)),
        ("text", (2, 2)),
        (None, (2, 2)),
        ([[1]], (2, 2)),
        ([0, 0, 0, 16, 0x3F, *GOOD[5:]], (2, 2)),
        ([*GOOD[:4], 0x38, *[255] * 40], (2, 2)),
    ],
)
def test_anything_else_is_refused(rle, size):
    with pytest.raises(InvalidMaskError):
        decode_brush(rle, *size)
