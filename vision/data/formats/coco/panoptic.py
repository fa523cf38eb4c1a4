"""Annotations of COCO's panoptic kind: a PNG an image, whose colours are the ids of its segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vision.data.formats.coco.objects import InvalidAnnotationError
from vision.data.formats.coco.staging import Category, read_id
from vision.data.formats.found import FoundObject
from vision.data.geometry import Frame
from vision.data.id_masks import InstanceMask, read_id_mask, split_instances
from vision.data.labels import InvalidLabelError
from vision.data.labels.objects import read_crowd
from vision.data.masks import InvalidMaskError, trace_mask
from vision.data.upload import ImageNotFoundError, Upload


class PanopticReader:
    """Reads the segments of things; what panoptic files call stuff is counted in `stuff` and left out."""

    def __init__(
        self, upload: Upload, find_mask: Callable[[str], str], categories: Mapping[str, Category], most: int
    ) -> None:
        self.stuff = 0
        self.filled_pixels = 0
        self._upload = upload
        self._find_mask = find_mask
        self._categories = categories
        self._most = most

    def read(self, annotation: dict[str, Any], frame: Frame) -> list[FoundObject]:
        """The instances of one annotation.

        Raises:
            InvalidAnnotationError: no mask, one that cannot be read, or segments that do not fit it.
        """
        segments = self._list_things(annotation["segments_info"])
        found: dict[int, FoundObject] = {}
        try:
            mask = read_id_mask(self._upload.path(self._find_mask(str(annotation.get("file_name")))), is_panoptic=True)
            grid = Frame(mask.width, mask.height, frame.orientation)
            for part in split_instances(mask, sorted(segments)):
                found[part.id] = self._to_object(part, grid, *segments[part.id])
        except ImageNotFoundError as error:
            raise InvalidAnnotationError(f"has no mask: {error}", "missing_mask") from None
        except InvalidMaskError as error:
            raise InvalidAnnotationError(f"has a mask that cannot be used: {error}", "invalid_mask") from None
        missing = segments.keys() - found.keys()
        if missing:
            what = f"has no pixel of segment {min(missing)} in its mask ({len(missing):,} segments are missing)"
            raise InvalidAnnotationError(what, "invalid_mask")
        return [found[number] for number in segments]

    def _list_things(self, segments: Any) -> dict[int, tuple[str, bool]]:
        """Class name and crowd of every thing by its id in the mask."""
        things: dict[int, tuple[str, bool]] = {}
        if not isinstance(segments, list) or len(segments) > self._most:
            raise InvalidAnnotationError("has no list of segments_info, or one too long", "invalid_label")
        for segment in segments:
            number = segment.get("id") if isinstance(segment, dict) else None
            if type(number) is not int or not 0 < number < 1 << 24:
                raise InvalidAnnotationError("has a segment whose id is no colour", "invalid_label")
            category = self._categories.get(read_id(segment.get("category_id")) or "")
            if category is None:
                what = f"has a segment of category {str(segment.get('category_id'))[:40]}, which the file does not list"
                raise InvalidAnnotationError(what, "unknown_category")
            if category.is_thing:
                things[number] = (category.name, _read_crowd(segment.get("iscrowd")))
            else:
                self.stuff += 1
        return things

    def _to_object(self, part: InstanceMask, grid: Frame, name: str, is_crowd: bool) -> FoundObject:
        outline = trace_mask(part.mask, grid, part.left, part.top)
        self.filled_pixels += outline.filled
        return FoundObject(name, None, tuple(outline.rings), is_crowd)


def _read_crowd(value: Any) -> bool:
    try:
        return bool(read_crowd(value, 1, []))
    except InvalidLabelError:
        raise InvalidAnnotationError("has a segment whose iscrowd is not 0 or 1", "invalid_label") from None
