"""The file that names the instances of masks we wrote."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import msgspec

from vision.data.formats.json_lists import InvalidJsonError, decode_item, iterate_items
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.report import Report
from vision.data.upload import Upload

NAME = "instances.json"
LIST = "masks"


class SidecarInstance(msgspec.Struct):
    """One instance of a mask; `id` is its value there."""

    id: int
    label: str
    isCrowd: int = 0  # noqa: N815  Azure's spelling


class SidecarEntry(msgspec.Struct):
    """One image. `mask` is "" and `instances` None where nobody labelled it; paths are relative to the export."""

    image: str
    mask: str = ""
    split: str = ""
    instances: list[SidecarInstance] | None = None


def find_sidecars(upload: Upload) -> list[str]:
    """The files that are called and begin like one."""
    named = [file for file in upload.files if posixpath.basename(file) == NAME]
    return [file for file in named if _is_sidecar(upload, file)]


def read_sidecar(upload: Upload, file: str, limits: ImportLimits, report: Report) -> Iterator[SidecarEntry]:
    """The entries, those that cannot be read reported."""
    try:
        for item in iterate_items(upload.path(file), limits.max_line_bytes):
            if item.key != LIST or item.data == b"":
                continue
            try:
                yield decode_item(item.data or b"", SidecarEntry)
            except InvalidJsonError as error:
                message = f"The entry at byte {item.start:,} cannot be read and was left out: {error}."
                report.error("invalid_json", message, file=file, line=0)
    except InvalidJsonError as error:
        report.error("invalid_json", str(error), file=file, line=0)


def _is_sidecar(upload: Upload, file: str) -> bool:
    try:
        items = iterate_items(upload.path(file), DEFAULT_LIMITS.max_line_bytes, most=1)
        return any(item.key == LIST for item in items)
    except (InvalidJsonError, OSError):
        return False
