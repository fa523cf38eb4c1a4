"""What a trial predicted, image by image, queried where it lies: filtered, ordered, at any score threshold."""

from jobs.predictions.names import NameFilter, named_rows
from jobs.predictions.objects import ERROR_HELP, ERRORS, IMAGE_OUTCOMES, ObjectFilter, object_rows
from jobs.predictions.rows import ORDERS, Neighbours, PredictionPage, Rows

__all__ = [
    "ERRORS",
    "ERROR_HELP",
    "IMAGE_OUTCOMES",
    "ORDERS",
    "NameFilter",
    "Neighbours",
    "ObjectFilter",
    "PredictionPage",
    "Rows",
    "named_rows",
    "object_rows",
]
