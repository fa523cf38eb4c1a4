"""What a trial predicted, image by image, queried where it lies: filtered, ordered, at any score threshold."""

from jobs.predictions.names import NameFilter, named_rows
from jobs.predictions.objects import ERROR_HELP, ERRORS, IMAGE_OUTCOMES, ObjectFilter, object_rows
from jobs.predictions.rows import ORDERS, Neighbours, PredictionPage, Row, Rows
from jobs.predictions.together import TogetherPage, only, page_together

__all__ = [
    "ERRORS",
    "ERROR_HELP",
    "IMAGE_OUTCOMES",
    "ORDERS",
    "NameFilter",
    "Neighbours",
    "ObjectFilter",
    "PredictionPage",
    "Row",
    "Rows",
    "TogetherPage",
    "named_rows",
    "object_rows",
    "only",
    "page_together",
]
