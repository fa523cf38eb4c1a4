"""Which class a colour of SegmentationClass stands for."""

from __future__ import annotations

import posixpath

from vision.data.formats.text_lines import iterate_text
from vision.data.limits import ImportLimits
from vision.data.report import Report
from vision.data.upload import Upload

Colour = tuple[int, int, int]
"""Red, green and blue, 0–255."""
VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


class LabelMap:
    """Classes by colour, and by their place in the list."""

    def __init__(self, entries: list[tuple[str, Colour]]) -> None:
        self._by_colour = {colour: name for name, colour in entries}
        self._names = [name for name, _ in entries]

    def find(self, index: int, colour: Colour) -> str:
        """The class of a colour, failing that of an index; "" where neither is known."""
        if colour in self._by_colour:
            return self._by_colour[colour]
        return self._names[index] if 0 <= index < len(self._names) else ""


def make_voc_colour(index: int) -> Colour:
    """VOC's colour of a class: its bits dealt out to the three channels, the highest first."""
    channels = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            channels[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
    return channels[0], channels[1], channels[2]


def read_labelmap(upload: Upload, root: str, limits: ImportLimits, report: Report) -> LabelMap:
    """The labelmap.txt (`name:r,g,b:parts:actions`) in the folder `root` or above it, else VOC's own classes."""
    folder = root
    while (file := posixpath.join(folder, "labelmap.txt")) not in upload:
        if not folder:
            return LabelMap([(name, make_voc_colour(index)) for index, name in enumerate(VOC_NAMES)])
        folder = posixpath.dirname(folder)
    entries: list[tuple[str, Colour]] = []
    for number, line in iterate_text(upload, file, limits, report):
        if line.lstrip().startswith("#") or len(entries) >= limits.max_labels:
            continue
        name, _, rest = line.partition(":")
        colour = _read_colour(rest.partition(":")[0])
        if colour is None or not name.strip():
            message = "The line does not read name:red,green,blue and was left out."
            report.error("invalid_labelmap", message, file=file, line=number)
        else:
            entries.append((name.strip(), colour))
    return LabelMap(entries)


def _read_colour(text: str) -> Colour | None:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 4 for part in parts):
        return None
    red, green, blue = (int(part) for part in parts)
    return red, green, blue
