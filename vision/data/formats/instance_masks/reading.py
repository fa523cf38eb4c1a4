"""Reading pictures of instance numbers."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from itertools import islice

import msgspec

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.found import FoundObject, to_cell
from vision.data.formats.instance_masks.naming import Naming, UnknownClassError
from vision.data.formats.instance_masks.pairing import MaskFile, Pairing
from vision.data.formats.instance_masks.sidecar import SidecarEntry, SidecarInstance, find_sidecars, read_sidecar
from vision.data.geometry import Frame, find_frame
from vision.data.id_masks import IdMask, list_ids, measure_scatter, read_id_mask, split_instances
from vision.data.masks import InvalidMaskError, trace_mask
from vision.data.records import SPLITS, Record
from vision.data.report import Action, Report
from vision.data.split_names import guess_split
from vision.data.upload import ImageNotFoundError, Upload

_LOOKED_AT = 200  # masks whose photo is looked for
_OPENED = 3
_SCATTERED = 10  # boxes of all values together, in images: instances lie in one place each
Names = dict[int, tuple[str, bool]]
"""Class name and crowd of an instance, by its value in the mask."""
_OFF_BY = 1  # px; tools that scale images round either way


class InstanceMasksReader:
    """A picture beside each photo in which every value but 0 is one instance: Penn-Fudan and its kin.

    Masks lie in a folder of their own or have names that end in `_mask`. What we wrote has a file that names the
    instances; else `Naming` says what they are called. Photos without a mask are not read.
    """

    def detect(self, upload: Upload) -> Detection | None:
        sidecars = find_sidecars(upload)
        if sidecars:
            return Detection("instance_masks", 0.95, f"{sidecars[0]} names the instances of masks")
        pairing = Pairing(upload)
        masks = pairing.masks[:_LOOKED_AT]
        pairs = [pair for pair in islice(pairing.list_pairs(), _LOOKED_AT) if isinstance(pair[1], str)]
        if (
            not pairs
            or 2 * len(pairs) < len(masks)
            or not all(_holds_instances(upload, pair[0]) for pair in pairs[:_OPENED])
        ):
            return None
        return Detection("instance_masks", 0.6, f"{pairs[0][0].file} is a mask of {pairs[0][1]}")

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        return TaskType.SEGMENTATION

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        reading = _Reading(upload, options, report)
        sidecars = find_sidecars(upload)
        if sidecars:
            for file in sidecars:
                for entry in read_sidecar(upload, file, options.limits, report):
                    yield from reading.read_entry(entry, file)
        else:
            yield from reading.read_pairs()


def _holds_instances(upload: Upload, mask: MaskFile) -> bool:
    try:
        return measure_scatter(read_id_mask(upload.path(mask.file))) <= _SCATTERED
    except InvalidMaskError:
        return False


class _Reading:
    """One upload being read."""

    def __init__(self, upload: Upload, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._options = options
        self._report = report
        self._naming = Naming(upload, options.limits, report)

    def read_pairs(self) -> Iterator[Record]:
        """Every photo that has a mask, in the order of the masks; one may have several, a class each."""
        masks: dict[str, list[MaskFile]] = {}
        for mask, image in Pairing(self._upload).list_pairs():
            if isinstance(image, ImageNotFoundError):
                self._report.error("missing_image", str(image), file=mask.file, line=0)
            else:
                masks.setdefault(image, []).append(mask)
        for image, files in masks.items():
            yield from self._read_photo(image, files)

    def _read_photo(self, image: str, masks: list[MaskFile]) -> Iterator[Record]:
        objects: list[FoundObject] = []
        for mask in masks:
            found = self._read_mask(mask.file, image)
            names = self._name(mask, image, found[1]) if found is not None else None
            traced = self._trace(found[0], names, mask.file, image) if found is not None and names is not None else None
            if traced is None:
                return
            objects += traced
        source = json.dumps({"masks": [mask.file for mask in masks]}, ensure_ascii=False)
        split = guess_split(posixpath.dirname(masks[0].file)) or guess_split(posixpath.dirname(image))
        yield Record(image, to_cell(objects, self._options.task_type), masks[0].file, split=split, source=source)

    def _name(self, mask: MaskFile, image: str, ids: list[int]) -> Names | None:
        """The classes of those instances that have one, None where none of several has."""
        names = self._naming.find(mask, image, ids)
        unknown = [name for name in names.values() if isinstance(name, UnknownClassError)]
        for error in unknown:
            self._error("unknown_class", f"An instance was left out: {error}.", mask.file, image)
        known = {number: (name, False) for number, name in names.items() if isinstance(name, str)}
        return known if known or not unknown else None

    def read_entry(self, entry: SidecarEntry, file: str) -> Iterator[Record]:
        """What the file beside the masks says of one image."""
        base = posixpath.dirname(file)
        mask = entry.mask
        try:
            image = self._upload.resolve(entry.image, base)
            mask = self._upload.resolve(mask, base) if mask else ""
        except ImageNotFoundError as error:
            self._error("missing_image", str(error), file, entry.image[:300])
            return
        label = None
        if entry.instances is not None:
            objects = self._read_listed(entry.instances, mask, file, image)
            if objects is None:
                return
            label = to_cell(objects, self._options.task_type)
        split = entry.split if entry.split in SPLITS else guess_split(mask or image)
        yield Record(image, label, file, split=split, source=msgspec.json.encode(entry).decode())

    def _read_listed(
        self, instances: list[SidecarInstance], mask: str, file: str, image: str
    ) -> list[FoundObject] | None:
        found = self._read_mask(mask, image) if mask else None
        if found is None:
            return None if mask else []
        listed = {one.id: (one.label, bool(one.isCrowd)) for one in instances}
        for number in found[1]:
            if number not in listed:
                self._error("unknown_class", f"Instance {number} of {mask} is not named and was left out.", file, image)
        hidden = listed.keys() - found[1]
        if hidden:
            message = f"{len(hidden):,} instances have no pixel in {mask}: others lie over them. They were left out."
            self._report.warning("hidden_instance", message, Action.DROPPED, file=file, line=0, image=image)
        names = {number: listed[number] for number in found[1] if number in listed}
        return self._trace(found[0], names, mask, image)

    def _read_mask(self, file: str, image: str) -> tuple[IdMask, list[int]] | None:
        """A mask and its values, None where it cannot be used."""
        most = self._options.limits.max_objects
        try:
            mask = read_id_mask(self._upload.path(file))
        except InvalidMaskError as error:
            self._error("invalid_mask", str(error), file, image)
            return None
        ids = list_ids(mask)
        if len(ids) > most:
            message = f"The mask has {len(ids):,} values, {most:,} may be. Is it a photo?"
            self._error("invalid_mask", message, file, image)
            return None
        return mask, ids

    def _trace(self, mask: IdMask, names: Names, file: str, image: str) -> list[FoundObject] | None:
        """The outlines of those instances that have a name, None where the mask holds no instances."""
        frame = self._find_frame(mask, file, image)
        objects: list[FoundObject] = []
        filled = 0
        try:
            for part in split_instances(mask, sorted(names)):
                outline = trace_mask(part.mask, frame, part.left, part.top)
                filled += outline.filled
                name, is_crowd = names[part.id]
                objects.append(FoundObject(name, None, tuple(outline.rings), is_crowd))
        except InvalidMaskError as error:
            self._error("invalid_mask", str(error), file, image)
            return None
        if filled:
            message = f"Instances have holes of {filled:,} px; polygons have none: they were filled."
            self._report.warning("filled_holes", message, Action.REPAIRED, file=file, line=0, image=image)
        return objects

    def _find_frame(self, mask: IdMask, file: str, image: str) -> Frame:
        grid = Frame(mask.width, mask.height)
        frame = find_frame(self._upload, image, (mask.width, mask.height)) or grid
        if max(abs(frame.width - mask.width), abs(frame.height - mask.height)) > _OFF_BY:
            size = f"{frame.width} × {frame.height}"
            message = (
                f"The mask has {mask.width} × {mask.height} px, the image {size}; it was stretched over the image."
            )
            self._report.warning("size_mismatch", message, Action.REPAIRED, file=file, line=0, image=image)
        return Frame(mask.width, mask.height, frame.orientation)

    def _error(self, code: str, message: str, file: str, image: str) -> None:
        self._report.error(code, message, file=file, line=0, image=image)
