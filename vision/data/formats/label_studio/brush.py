"""Label Studio's brush strokes: packed runs of RGBA values to the pixels that are painted.

The packing is a stream of bits: how many values (32), bits of a value less one (5), bits of four kinds of lengths less
one (4 each); then, until all values are there: whether one value repeats (1), which kind of length (2), the length less
one, and the value once or all values. Source: `decode` of @thi.ng/rle-pack, which Label Studio uses.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from vision.data.images import MAX_PIXELS
from vision.data.masks import InvalidMaskError, Mask

_CHANNELS = 4  # red, green, blue and, last, how opaque: that is the mask
_WORD = 8
_HEADER = 32 + 5 + 4 * 4


def decode_brush(rle: Any, width: int, height: int) -> Mask:
    """The painted pixels of a stroke on an image of `width` × `height`.

    Raises:
        InvalidMaskError: not such a list of bytes, cut off, or of another size than the image.
    """
    if width * height > MAX_PIXELS:
        raise InvalidMaskError(f"The mask says {width:,} × {height:,} px; {MAX_PIXELS:,} pixels are allowed.")
    bits = _Bits(_read_bytes(rle))
    count, word = bits.read(32), bits.read(5) + 1
    lengths = [bits.read(4) + 1 for _ in range(4)]
    if count != width * height * _CHANNELS or word != _WORD:
        raise InvalidMaskError(f"The mask holds {count:,} values, not {_CHANNELS} for each of {width} × {height} px.")
    opaque = np.zeros(width * height, np.uint8)
    at = 0
    while at < count:
        repeats = bits.read(1)
        end = at + 1 + bits.read(lengths[bits.read(2)])
        if end > count:
            raise InvalidMaskError("A run of the mask reaches beyond its end.")
        first, last = at // _CHANNELS, end // _CHANNELS  # the pixels whose last channel lies in at … end
        if repeats:
            opaque[first:last] = bits.read(word)
        else:
            values = bits.read_bytes(end - at)
            opaque[first:last] = values[_CHANNELS - 1 - at % _CHANNELS :: _CHANNELS]
        at = end
    return (opaque > 0).astype(np.uint8).reshape(height, width)


class _Bits:
    """Bytes read bit by bit, the highest of each first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int) -> int:
        """A number of up to 32 bits."""
        start, end = self._at, self._at + size
        if end > len(self._data) * 8:
            raise InvalidMaskError("The mask is cut off.")
        window = int.from_bytes(self._data[start >> 3 : (end + 7) >> 3], "big")
        self._at = end
        return window >> (-end % 8) & ((1 << size) - 1)

    def read_bytes(self, count: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Numbers of 8 bits each."""
        start, end = self._at, self._at + count * 8
        if end > len(self._data) * 8:
            raise InvalidMaskError("The mask is cut off.")
        window = np.frombuffer(self._data, np.uint8)[start >> 3 : (end + 7) >> 3]
        self._at = end
        if start % 8 == 0:
            return window
        bits = np.unpackbits(window)[start % 8 : start % 8 + count * 8]
        return np.packbits(bits)


def _read_bytes(rle: Any) -> bytes:
    try:
        return bytes(msgspec.convert(rle, list[int]))
    except (msgspec.ValidationError, ValueError, RecursionError):
        raise InvalidMaskError("A brush stroke is a list of bytes, numbers from 0 to 255.") from None
