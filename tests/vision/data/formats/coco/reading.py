from __future__ import annotations

from tests.vision.data.formats.coco.documents import document, upload_of
from tests.vision.data.formats.uploads import (
    read,
)
from vision.catalog.task_types import TaskType

BOX = {"label": "can", "topX": 0.25, "topY": 0.25, "bottomX": 0.75, "bottomY": 0.75, "isCrowd": 0}
NO_FINDINGS = ["background_images"]
# 20 × 40 px, the rows 5–9 of the columns 10–29
BLOCK = {"size": [20, 40], "counts": [205, *[5, 15] * 19, 5, 210]}


def read_one(folder, *annotations, task_type=TaskType.DETECTION, **lists):
    """The cell of a.jpg with these annotations, and the report."""
    records, report = read("coco", upload_of(folder, document(*annotations, **lists)), task_type)
    labels = {record.image: record.label for record in records}
    return labels.get("a.jpg", "left out"), report
