"""Drawing a preview: the very datasets that training reads, with other seeds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.catalog.task_types import OBJECT_TASKS, TaskType
from vision.data.drafts import draft_of
from vision.data.geometry import Frame
from vision.data.images import open_image
from vision.data.masks import trace_mask
from vision.preview.request import RESULT, Picture, Preview, PreviewImage, PreviewRequest
from vision.tasks.classification_data import make_training_images as make_named_images
from vision.tasks.detection.augmentation import draw_scale
from vision.tasks.detection.images import ObjectImage
from vision.tasks.detection.labels import SplitLabels
from vision.tasks.detection.training_views import make_training_images as make_object_images
from vision.training.inputs.decode import missing_image
from vision.training.inputs.rows import ImageRows

_SIDE = 320  # px of a drawn picture at most
_QUALITY = 82
_INTERPOLATION = "bilinear"  # networks differ in it, by less than a picture this small shows

Pixels = NDArray[np.uint8]
Cell = list[dict[str, Any]] | None


class Views(Protocol):
    """Random views of the images of a request by their place: pixels, the size in px the network is given, objects."""

    def draw(self, index: int, turn: int) -> tuple[Pixels, tuple[int, int], Cell]: ...


def draw_preview(request: PreviewRequest) -> None:
    """Draw what the request asks for into its folder, the result last.

    Raises:
        TrainingError: an image is gone.
        InvalidDatasetError: a label that cannot be used.
        InvalidImageError: a file that is no image.
    """
    rows = list_rows(request)
    views: Views = ObjectViews(request, rows) if request.task_type in OBJECT_TASKS else NamedViews(request, rows)
    images = [_draw_image(request, rows, views, index) for index in range(min(request.shown, len(rows)))]
    with draft_of(request.out / RESULT) as draft:
        draft.write_text(Preview(images=images).model_dump_json(), encoding="utf-8")


def list_rows(request: PreviewRequest) -> ImageRows:
    """The request's rows as training reads them."""
    names = ("row", "path", "sha256", "format", "width", "height", "labels", "annotation")
    return ImageRows(request.images_dir, *([getattr(row, name) for row in request.rows] for name in names))


def _draw_image(request: PreviewRequest, rows: ImageRows, views: Views, index: int) -> PreviewImage:
    original = _draw_original(request, rows, index)
    drawn = []
    for turn in range(request.draws):
        pixels, (width, height), cell = views.draw(index, turn)
        file = _save(pixels, request.out, f"{index}-{turn}.webp")
        drawn.append(Picture(file=file, width=width, height=height, cell=cell))
    return PreviewImage(path=rows.path[index], labels=rows.labels[index], original=original, views=drawn)


def _draw_original(request: PreviewRequest, rows: ImageRows, index: int) -> Picture:
    try:
        pixels = np.asarray(open_image(rows.blob(index)))
    except FileNotFoundError as error:
        raise missing_image(rows.blob(index)) from error
    cell = json.loads(rows.annotation[index]) if request.task_type in OBJECT_TASKS else None
    file = _save(pixels, request.out, f"{index}-original.webp")
    return Picture(file=file, width=rows.width[index], height=rows.height[index], cell=cell)


class NamedViews:
    """Views for the tasks that name whole images, their colours changed as on the device."""

    def __init__(self, request: PreviewRequest, rows: ImageRows) -> None:
        targets = np.zeros(len(rows), dtype=np.int64)  # names do not change the views
        self._images = make_named_images(rows, targets, request.parameters, _INTERPOLATION, request.out, request.seed)

    def draw(self, index: int, turn: int) -> tuple[Pixels, tuple[int, int], Cell]:
        sample = self._images[turn + 1, index]
        pixels = sample.pixels
        if sample.colours is not None:
            jittered = pixels / 255 @ sample.colours[:, :3].T + sample.colours[:, 3]  # [H, W, 3]
            pixels = np.round(np.clip(jittered, 0, 1) * 255).astype(np.uint8)
        return pixels, (pixels.shape[1], pixels.shape[0]), None


class ObjectViews:
    """Views for the tasks that find objects; with tiles the turns go through the whole image and each of them."""

    def __init__(self, request: PreviewRequest, rows: ImageRows) -> None:
        has_masks = request.task_type == TaskType.SEGMENTATION
        labels = SplitLabels(rows, request.label_names, has_masks)
        self._label_names, self._has_scales = request.label_names, bool(request.parameters.get("multi_scale"))
        self._images = make_object_images(
            labels, request.task_type, request.architecture, request.parameters, request.out, request.seed
        )

    def draw(self, index: int, turn: int) -> tuple[Pixels, tuple[int, int], Cell]:
        seed, count = self._images.seed + turn, len(self._images.source)
        number = index + count * (turn % (len(self._images) // count))
        # Epoch 1: the last epochs of YOLO leave the mosaic out
        view = replace(self._images, seed=seed)[1, number].views[0].objects
        height, width = view.pixels.shape[:2]
        if self._has_scales:
            width = height = draw_scale(Random(f"{seed}/{index}"), width)
        return view.pixels, (width, height), self._describe(view)

    def _describe(self, view: ObjectImage) -> Cell:
        height, width = view.pixels.shape[:2]
        frame = Frame(width, height)
        cell: list[dict[str, Any]] = []
        for place, (box, label) in enumerate(zip(view.boxes.tolist(), view.labels.tolist(), strict=True)):
            entry: dict[str, Any] = {"label": self._label_names[label], **frame.normalize_box(*box)}
            if view.masks is not None:
                entry["polygon"] = trace_mask(view.masks[place], frame).rings
            cell.append(entry)
        return cell


def _save(pixels: Pixels, folder: Path, name: str) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    image.save(folder / name, "WEBP", quality=_QUALITY)
    return name
