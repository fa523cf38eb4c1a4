"""From masks of objects to outlines with class names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vision.data.formats.found import Box, FoundObject, enclose
from vision.data.formats.voc.class_mask import VOID, ClassMask, pack_colour, read_class_mask
from vision.data.formats.voc.labelmap import LabelMap, read_labelmap
from vision.data.formats.voc.layout import Item, find_class_mask
from vision.data.geometry import Frame, find_frame
from vision.data.id_masks import IdMask, InstanceMask, list_ids, read_id_mask, split_instances
from vision.data.limits import ImportLimits
from vision.data.masks import InvalidMaskError, trace_mask
from vision.data.report import Action, Report
from vision.data.upload import Upload

_SAME = 0.5  # intersection over union from which a box is that of a mask's object
_OFF_BY = 1  # px; tools that scale images round either way
_MOST_PIXELS = 2_000_000_000  # in the boxes around all objects of a mask: honest ones have a thousandth of it


class MaskReader:
    """Reads SegmentationObject, each object named by the box of the XML it fills, else by SegmentationClass."""

    def __init__(self, upload: Upload, limits: ImportLimits, report: Report) -> None:
        self._upload = upload
        self._limits = limits
        self._report = report
        self._labelmaps: dict[str, LabelMap] = {}

    def read(self, item: Item, image: str, boxes: Sequence[FoundObject]) -> list[FoundObject]:
        """The objects of one mask, by ascending number. `boxes` are those of its XML.

        Raises:
            InvalidMaskError: a mask that cannot be read, or an object whose class nothing tells.
        """
        mask = read_id_mask(self._upload.path(item.mask))
        frame = find_frame(self._upload, image, (mask.width, mask.height)) or Frame(mask.width, mask.height)
        self._check_size(mask, frame, item, image)
        naming = _Naming(self, item, mask, boxes)
        grid = Frame(mask.width, mask.height, frame.orientation)
        objects = [self._to_object(part, grid, naming, item, image) for part in self._iterate_parts(mask)]
        if naming.unused:
            count = f"{len(naming.unused)} of the {len(boxes)} objects of the XML"
            message = f"{count} have no outline in {item.mask} and were left out."
            self._report.warning("object_without_outline", message, file=item.file, image=image)
        return objects

    def get_labelmap(self, root: str) -> LabelMap:
        """The class of each colour in a data set."""
        if root not in self._labelmaps:
            self._labelmaps[root] = read_labelmap(self._upload, root, self._limits, self._report)
        return self._labelmaps[root]

    def read_classes(self, item: Item, mask: IdMask) -> ClassMask | None:
        """The mask of classes that belongs to a mask of objects.

        Raises:
            InvalidMaskError: it cannot be read or has another size.
        """
        file = find_class_mask(self._upload, item)
        if not file:
            return None
        classes = read_class_mask(self._upload.path(file))
        if classes.mask.ids.shape != mask.ids.shape:
            sizes = f"{classes.mask.width} × {classes.mask.height} px, {item.mask} {mask.width} × {mask.height}"
            raise InvalidMaskError(f"{file} has {sizes}.")
        return classes

    def _iterate_parts(self, mask: IdMask) -> Iterator[InstanceMask]:
        numbers = [number for number in list_ids(mask) if number != pack_colour(VOID)]
        if len(numbers) > self._limits.max_objects:
            most = self._limits.max_objects
            raise InvalidMaskError(f"The mask holds {len(numbers):,} objects; {most:,} are allowed. Is it a picture?")
        pixels = 0
        for part in split_instances(mask, numbers):
            pixels += part.mask.size
            if pixels > _MOST_PIXELS:
                raise InvalidMaskError("The objects of the mask lie scattered all over it. Is it a picture?")
            yield part

    def _to_object(self, part: InstanceMask, grid: Frame, naming: _Naming, item: Item, image: str) -> FoundObject:
        outline = trace_mask(part.mask, grid, part.left, part.top)
        if outline.filled:
            message = f"An object has holes of {outline.filled:,} px; outlines have none, so they were filled."
            self._report.warning("filled_holes", message, Action.REPAIRED, file=item.mask, image=image)
        name, is_crowd = naming.find(part, enclose(outline.rings))
        return FoundObject(name, None, tuple(outline.rings), is_crowd)

    def _check_size(self, mask: IdMask, frame: Frame, item: Item, image: str) -> None:
        if max(abs(mask.width - frame.width), abs(mask.height - frame.height)) > _OFF_BY:
            sizes = f"{mask.width} × {mask.height} px, the image {frame.width} × {frame.height}"
            message = f"The mask has {sizes}; it was stretched over the image."
            self._report.warning("size_mismatch", message, Action.REPAIRED, file=item.mask, image=image)


class _Naming:
    """Class names for the parts of one mask."""

    def __init__(self, reader: MaskReader, item: Item, mask: IdMask, boxes: Sequence[FoundObject]) -> None:
        self._reader = reader
        self._item = item
        self._mask = mask
        self._boxes = boxes
        self._corners: NDArray[np.float64] = np.array([_box_of(one) for one in boxes], dtype=float).reshape(-1, 4)
        self.unused = set(range(len(boxes)))
        self._classes: ClassMask | None = None

    def find(self, part: InstanceMask, box: Box) -> tuple[str, bool]:
        """The class name, and whether it is a crowd.

        Raises:
            InvalidMaskError: nothing tells.
        """
        match = self._match(box)
        if match is not None:
            self.unused.discard(match)
            self._corners[match] = np.nan  # never the best again
            return self._boxes[match].name, self._boxes[match].is_crowd
        name = self._find_class(part)
        if not name:
            raise InvalidMaskError(
                f"The object at {part.left}, {part.top} px (left, top) fills no box of the XML, and no colour of "
                "SegmentationClass that labelmap.txt or VOC itself names."
            )
        return name, False

    def _match(self, box: Box) -> int | None:
        if not self.unused:
            return None
        overlaps = _overlap(self._corners, box)
        best = int(np.argmax(overlaps))
        return best if overlaps[best] >= _SAME else None

    def _find_class(self, part: InstanceMask) -> str:
        if self._classes is None:
            self._classes = self._reader.read_classes(self._item, self._mask)
        if self._classes is not None:
            name = self._classes.find_class(part, self._reader.get_labelmap(self._item.root))
            if name:
                return name
        names = {one.name for one in self._boxes}
        return next(iter(names)) if len(names) == 1 else ""


def _box_of(one: FoundObject) -> Box:
    return one.box or enclose(one.rings)


def _overlap(corners: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    """Intersection over union of each row (left, top, right, bottom) with a box; rows of NaN have -1."""
    left, top, right, bottom = box
    inner_width = np.minimum(corners[:, 2], right) - np.maximum(corners[:, 0], left)
    inner_height = np.minimum(corners[:, 3], bottom) - np.maximum(corners[:, 1], top)
    inner = np.clip(inner_width, 0, None) * np.clip(inner_height, 0, None)
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    union = areas + (right - left) * (bottom - top) - inner
    overlaps: NDArray[np.float64] = np.nan_to_num(inner / np.where(union > 0, union, np.nan), nan=-1.0)
    return overlaps
