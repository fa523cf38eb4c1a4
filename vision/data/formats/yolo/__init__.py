"""YOLO: data.yaml, a folder of images, and beside it one of text files with a line an object."""

from vision.data.formats.yolo.reader import YoloReader
from vision.data.formats.yolo.writer import YoloWriter

__all__ = ["YoloReader", "YoloWriter"]
