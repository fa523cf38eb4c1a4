"""CVAT for images 1.1: one XML of all images."""

from vision.data.formats.cvat.reader import CvatReader
from vision.data.formats.cvat.writer import CvatWriter

__all__ = ["CvatReader", "CvatWriter"]
