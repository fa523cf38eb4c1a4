"""LabelMe: one JSON beside each image, with shapes and flags."""

from vision.data.formats.labelme.reader import LabelmeReader
from vision.data.formats.labelme.writer import LabelmeWriter

__all__ = ["LabelmeReader", "LabelmeWriter"]
