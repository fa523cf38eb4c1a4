"""COCO: one JSON of images, annotations and categories, with boxes, polygons, run-length or panoptic masks."""

from vision.data.formats.coco.reading import CocoReader
from vision.data.formats.coco.writing import CocoWriter

__all__ = ["CocoReader", "CocoWriter"]
