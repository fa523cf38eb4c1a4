"""COCO files as tests need them: three small images and what is on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.vision.data.formats.uploads import make_upload
from vision.data.upload import Upload

SIDES = {"width": 40, "height": 20}
CATEGORIES = [{"id": 1, "name": "can"}, {"id": 7, "name": "carton"}]
NAMES = ("a.jpg", "b.jpg", "c.jpg")


def box(number: int = 1, image_id: Any = 1, bbox: Any = (10, 5, 20, 10), category_id: Any = 1, **more: Any) -> dict:
    bbox = list(bbox) if isinstance(bbox, tuple) else bbox
    return {"id": number, "image_id": image_id, "category_id": category_id, "bbox": bbox, "iscrowd": 0, **more}


def outline(number: int = 1, segmentation: Any = None, **more: Any) -> dict:
    ring = [4, 2, 36, 2, 36, 18]
    return box(number, segmentation=[ring] if segmentation is None else segmentation, **{"bbox": None, **more})


def document(*annotations: dict, **lists: Any) -> dict[str, Any]:
    images = [{"id": number, "file_name": name, **SIDES} for number, name in enumerate(NAMES, start=1)]
    return {"info": {}, "categories": CATEGORIES, "images": images, "annotations": list(annotations), **lists}


def upload_of(folder: Path, content: Any, *images: str, file: str = "labels.json") -> Upload:
    """A COCO file with the images it names (40 × 20 px), or those given."""
    return make_upload(folder, {file: content, **dict.fromkeys(images or NAMES)})
