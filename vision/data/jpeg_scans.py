"""How many times a JPEG paints its picture: each scan costs a pass over all of it, and one takes a hundred bytes."""

from __future__ import annotations

import re

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in pixels 0xFF is followed by 0 or a restart marker
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without content
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_SCAN, _END = 0xDA, 0xD9


def count_scans(data: bytes, most: int) -> int:
    """The scans of the first picture in a JPEG's bytes; counting ends above `most`.

    Source: ITU-T T.81, annex B.
    """
    scans, components, at = 0, 0, 2
    is_progressive = False
    while scans <= most and (found := _MARKER.search(data, at)):
        kind, at = data[found.start() + 1], found.end()
        if kind == _END:
            break
        if kind in _ALONE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if kind in _FRAMES:
            components = data[at + 7] if len(data) > at + 7 else 0
            is_progressive = kind in _PROGRESSIVE
        if kind == _SCAN:
            scans += 1
            if not is_progressive and at + 2 < len(data) and data[at + 2] == components:
                break  # all of it in one scan: no decoder looks for more
        at += length
    return scans
