"""The images of one split, as their Parquet file lists them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from vision.errors import InvalidDatasetError

_COLUMNS = ["row", "path", "sha256", "format", "width", "height", "labels", "annotation"]


@dataclass(frozen=True)
class ImageRows:
    """Column lists of equal length, one entry an image.

    `labels` holds the class names on each, `annotation` the canonical label cell as JSON, `width` and `height` the
    upright image's pixels.
    """

    images_dir: Path
    row: list[int]
    path: list[str]
    sha256: list[str]
    format: list[str]
    width: list[int]
    height: list[int]
    labels: list[list[str]]
    annotation: list[str]

    def __len__(self) -> int:
        return len(self.sha256)

    def blob(self, index: int) -> Path:
        """Where the bytes of an image lie."""
        sha256 = self.sha256[index]
        return self.images_dir / "blobs" / sha256[:2] / sha256

    def spread(self, most: int) -> ImageRows:
        """At most so many of the rows, evenly spread over them."""
        step = max(1.0, len(self) / most)
        places = [int(number * step) for number in range(min(most, len(self)))]
        return ImageRows(self.images_dir, *([getattr(self, name)[place] for place in places] for name in _COLUMNS))


def read_rows(path: Path, images_dir: Path) -> ImageRows:
    """The rows of a split.

    Raises:
        InvalidDatasetError: it has no rows.
    """
    table = pq.read_table(path, columns=_COLUMNS)
    if table.num_rows == 0:
        raise InvalidDatasetError(f"The split {path.stem} has no images.", hint="Give it at least one labelled image.")
    return ImageRows(images_dir, *(table[name].to_pylist() for name in _COLUMNS))


def write_rows(rows: ImageRows, path: Path) -> None:
    """One JSON object a line, as in the files that datasets are uploaded from (SPEC §2.1)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for index in range(len(rows)):
            details = {"format": rows.format[index].lower(), "width": rows.width[index], "height": rows.height[index]}
            line = {
                "image_url": rows.path[index],
                "image_details": details,
                "label": json.loads(rows.annotation[index]),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
