"""Images with their objects, as the loader's workers prepare them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
from torch.utils.data import Dataset

from vision.data.images import open_image
from vision.inference.fitting import Fitting, Placement
from vision.inference.tiling import Tiling
from vision.tasks.detection.images import ObjectImage, ObjectView
from vision.tasks.detection.labels import LabelledObjects, SplitLabels, draw_masks
from vision.tasks.detection.tiles import cut_tile
from vision.training.inputs.batches import SampleKey
from vision.training.inputs.decode import missing_image
from vision.training.inputs.source import Decoder, ImageSource

_LEAST_SIDE = 1.0  # px of the network's image: of a box that is narrower there is nothing left to learn from


@dataclass(frozen=True)
class SampleView:
    """What the network is given of an image, and where that lies in it."""

    objects: ObjectImage
    placement: Placement


@dataclass(frozen=True)
class Sample:
    """One image of a split by its index, in one view or more. `width` and `height` are the upright image's."""

    index: int
    width: int
    height: int
    views: list[SampleView]


@dataclass(frozen=True)
class WholeDecoder:
    """The image at its own size: what tiles are cut from."""

    def read(self, path: Path, image_format: str) -> np.ndarray:
        try:
            return np.asarray(open_image(path))
        except FileNotFoundError as error:
            raise missing_image(path) from error


@dataclass(frozen=True)
class FittedDecoder:
    """Exactly the pixels inference would see of an image that is not tiled."""

    fitting: Fitting

    def read(self, path: Path, image_format: str) -> np.ndarray:
        return self.fitting.fit(WholeDecoder().read(path, image_format))[0]


@dataclass(frozen=True)
class ShrunkDecoder:
    """What `decoder` reads, fitted if that makes it smaller: for views that begin with fitting. Small images stay
    small in the cache."""

    fitting: Fitting
    decoder: Decoder

    def read(self, path: Path, image_format: str) -> np.ndarray:
        pixels = self.decoder.read(path, image_format)
        height, width = pixels.shape[:2]
        return self.fitting.fit(pixels)[0] if self.fitting.place(width, height).scale_x < 1 else pixels


@dataclass
class TrainingImages(Dataset[Sample]):
    """Random views: the same for the same seed, epoch and number, in whichever process and order.

    With tiling each image is there once as a whole, then once a tile.
    """

    source: ImageSource
    labels: SplitLabels
    view: ObjectView
    fitting: Fitting
    seed: int
    tiling: Tiling | None = None

    def __len__(self) -> int:
        return len(self.source) * (self.tiling.passes if self.tiling else 1)

    def __getitem__(self, key: SampleKey) -> Sample:
        epoch, number = key
        random = Random(f"{self.seed}/{epoch}/{number}")
        image = self.view.draw(number, self.load, len(self), random, epoch)
        index = number % len(self.source)
        rows = self.source.rows
        return Sample(index, rows.width[index], rows.height[index], [fit_objects(image, self.fitting)])

    def load(self, number: int) -> ObjectImage:
        """Sample `number` as it is, at the size of the decoded image: a whole image or a tile of one."""
        turn, index = divmod(number, len(self.source))
        image = join_objects(self.source[index], self.labels[index].without_crowds())
        if turn == 0 or self.tiling is None:
            return image
        height, width = image.pixels.shape[:2]
        return cut_tile(image, self.tiling.cut(width, height)[turn - 1])


@dataclass
class EvaluationImages(Dataset[Sample]):
    """Images as inference sees them. `has_targets`: their objects come along, for the loss."""

    source: ImageSource
    labels: SplitLabels
    fitting: Fitting
    has_targets: bool
    tiling: Tiling | None = None

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: SampleKey) -> Sample:
        _, index = key
        rows, pixels = self.source.rows, self.source[index]
        width, height = rows.width[index], rows.height[index]
        objects = self.labels[index].without_crowds() if self.has_targets else no_objects(self.labels.has_masks)
        if self.tiling is None:
            views = [place_objects(pixels, objects, self.fitting, width, height)]
        else:
            whole = join_objects(pixels, objects)
            views = [fit_objects(whole, self.fitting)]
            for tile in self.tiling.cut(width, height):
                part = fit_objects(cut_tile(whole, tile), self.fitting)
                views.append(SampleView(part.objects, part.placement.shift(tile[0], tile[1])))
        return Sample(index, width, height, views)


def no_objects(has_masks: bool) -> LabelledObjects:
    """An image on which nothing is looked for."""
    polygons: list[list[list[float]]] | None = [] if has_masks else None
    return LabelledObjects(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0, np.bool_), polygons)


def join_objects(pixels: np.ndarray, objects: LabelledObjects) -> ObjectImage:
    """A decoded image, of whatever size, with its objects in its px."""
    height, width = pixels.shape[:2]
    boxes = (objects.boxes * np.array([width, height] * 2)).astype(np.float32)
    masks = None if objects.polygons is None else draw_masks(objects.polygons, width, height)
    return ObjectImage(pixels, boxes, objects.labels, masks)


def place_objects(
    fitted: np.ndarray, objects: LabelledObjects, fitting: Fitting, width: int, height: int
) -> SampleView:
    """An image of `width` × `height` px that is fitted already, with its objects in px of the network's image."""
    placement = fitting.place(width, height)
    boxes = placement.to_input(objects.boxes * np.array([width, height] * 2)).astype(np.float32)
    masks = None
    if objects.polygons is not None:
        drawn = draw_masks(objects.polygons, placement.width, placement.height)
        masks = _surround_masks(drawn, fitting, placement)
    return SampleView(_drop_thin(ObjectImage(fitted, boxes, objects.labels, masks)), placement)


def fit_objects(image: ObjectImage, fitting: Fitting) -> SampleView:
    """An image with its objects as the network takes it."""
    pixels, placement = fitting.fit(image.pixels)
    masks = image.masks
    if masks is not None:
        size = (placement.width, placement.height)
        scaled = [cv2.resize(mask * 255, size, interpolation=cv2.INTER_LINEAR) > 127 for mask in masks]
        shape = (len(masks), placement.height, placement.width)
        masks = _surround_masks(np.array(scaled, dtype=np.uint8).reshape(shape), fitting, placement)
    boxes = placement.to_input(image.boxes).astype(np.float32)
    return SampleView(_drop_thin(ObjectImage(pixels, boxes, image.labels, masks)), placement)


def _surround_masks(masks: np.ndarray, fitting: Fitting, placement: Placement) -> np.ndarray:
    """Masks [n, h, w] of the scaled image, within the network's image."""
    whole = fitting.surround(np.moveaxis(masks, 0, -1), placement, 0)
    return np.ascontiguousarray(np.moveaxis(whole, -1, 0))


def _drop_thin(image: ObjectImage) -> ObjectImage:
    sides = image.boxes[:, 2:] - image.boxes[:, :2]
    kept = np.flatnonzero((sides >= _LEAST_SIDE).all(axis=1))
    if len(kept) == len(image.labels):
        return image
    masks = None if image.masks is None else image.masks[kept]
    return ObjectImage(image.pixels, image.boxes[kept], image.labels[kept], masks)
