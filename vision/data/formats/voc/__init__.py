"""Pascal VOC: one XML an image, lists of splits, masks of objects."""

from vision.data.formats.voc.reader import VocReader
from vision.data.formats.voc.writer import VocWriter

__all__ = ["VocReader", "VocWriter"]
