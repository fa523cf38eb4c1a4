"""Chart options and their tables for the dataset pages, made of a version's statistics. None where nothing is known."""

from datasets.charts.classes import class_balance, labels_together, object_balance
from datasets.charts.images import file_formats, image_shapes, image_sizes, size_histogram
from datasets.charts.objects import labels_per_image, location_map, object_areas, object_shapes, objects_per_image
from datasets.charts.parts import Chart, Link

__all__ = [
    "Chart",
    "Link",
    "class_balance",
    "file_formats",
    "image_shapes",
    "image_sizes",
    "labels_per_image",
    "labels_together",
    "location_map",
    "object_areas",
    "object_balance",
    "object_shapes",
    "objects_per_image",
    "size_histogram",
]
