"""The formats an upload may come in, each one module: how it is recognised and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from vision.data.formats.base import Detection, FormatReader, ReadOptions
from vision.data.upload import Upload
from vision.errors import InvalidDatasetError
from vision.registry import Registry, load_dotted

__all__ = ["FORMATS", "Detection", "FormatInfo", "FormatReader", "ReadOptions", "detect_format", "get_reader"]


@dataclass(frozen=True)
class FormatInfo:
    """`reader` is the dotted path of its `FormatReader`."""

    name: str
    title: str
    description: str
    reader: str


FORMATS: Registry[FormatInfo] = Registry(
    "dataset format",
    [
        FormatInfo(
            "jsonl",
            "JSON Lines, with or without MLTable",
            "One JSON object a line with image_url and label, as Azure Machine Learning writes it.",
            "vision.data.formats.jsonl:JsonlReader",
        )
    ],
)


def get_reader(name: str) -> FormatReader:
    """The reader of a format.

    Raises:
        NotFoundError: no such format.
    """
    reader: FormatReader = load_dotted(FORMATS.get(name).reader)()
    return reader


def detect_format(upload: Upload) -> Detection:
    """The format an upload is in.

    Raises:
        InvalidDatasetError: none of ours; the message says what was looked for.
    """
    found = [found for info in FORMATS if (found := get_reader(info.name).detect(upload)) is not None]
    if found:
        return max(found, key=lambda detection: detection.confidence)
    raise InvalidDatasetError(
        f"No labels were found among the {len(upload.files):,} files of the upload.",
        hint="Put a .jsonl file beside the images: one object a line, with image_url and label.",
        code="no_labels",
    )
