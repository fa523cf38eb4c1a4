"""Annotation files of LabelMe, and reading one."""

from __future__ import annotations

import json

from tests.vision.data.formats.uploads import make_upload, read
from vision.catalog.task_types import TaskType

RECTANGLE = {"label": "can", "points": [[16, 12], [4, 4]], "shape_type": "rectangle"}  # drawn from the bottom right
TRIANGLE = {"label": "can", "points": [[0, 0], [20, 0], [20, 20]], "shape_type": "polygon", "group_id": None}


def document(*shapes, path="a.jpg", flags=None, **more):
    head = {"version": "5.5.0", "flags": flags or {}, "shapes": list(shapes), "imagePath": path, "imageData": None}
    return head | {"imageHeight": 20, "imageWidth": 40} | more


def read_one(folder, content, task_type=TaskType.DETECTION, name="a.json", files=("a.jpg",), **options):
    text = json.dumps(content, indent=2) if isinstance(content, dict) else content
    upload = make_upload(folder, {name: text} | dict.fromkeys(files))
    return read("labelme", upload, task_type, **options)
