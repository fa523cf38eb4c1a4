"""Writing MLTables: one folder a split, JSON lines beside the recipe, as Azure's labelling tool exports them."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import msgspec

from vision.data.formats.base import ExportRow

FOLDERS = {
    "train": ("training-mltable-folder", "train_annotations.jsonl"),
    "validation": ("validation-mltable-folder", "validation_annotations.jsonl"),
    "test": ("test-mltable-folder", "test_annotations.jsonl"),
}
"""Split to its folder and the file of lines in it."""
_MLTABLE = """\
type: mltable
paths:
  - file: ./{file}
transformations:
  - read_json_lines:
      encoding: utf8
      invalid_lines: error
      include_path_column: false
  - convert_column_types:
      - columns: image_url
        column_type: stream_info
"""
_encode = msgspec.json.Encoder().encode


class MltableWriter:
    """Writes rows below `folder` as they come, none kept; a split without a row gets no folder.

    `image_url` is `row.image`, relative to `folder`; `label` is null where nobody labelled the image. Files appear
    whole, on `close`. As a context manager it closes at the end and leaves nothing behind where that is an exception.

        with MltableWriter(folder) as tables:
            for row in rows:
                tables.add(row)
    """

    def __init__(self, folder: Path, target_column_name: str = "label") -> None:
        self._folder = folder
        self._column = target_column_name
        self._files: dict[str, tuple[Path, IO[bytes]]] = {}

    def open(self) -> MltableWriter:
        """Nothing is written before the first row."""
        return self

    def add(self, row: ExportRow) -> None:
        """One image into the table of its split; a row without a split is one to train on."""
        line = {"image_url": row.image, "image_details": _describe_image(row), self._column: row.label}
        self._file(row.split or "train").write(_encode(line) + b"\n")

    def close(self) -> None:
        """Give every file its name and write the MLTables."""
        for split, (temporary, file) in self._files.items():
            file.close()
            folder, name = FOLDERS[split]
            temporary.replace(self._folder / folder / name)
            (self._folder / folder / "MLTable").write_text(_MLTABLE.format(file=name), encoding="utf-8")
        self._files = {}

    def __enter__(self) -> MltableWriter:
        return self.open()

    def __exit__(self, kind: Any, *ignored: object) -> None:
        if kind is None:
            self.close()
            return
        for temporary, file in self._files.values():
            file.close()
            temporary.unlink(missing_ok=True)

    def _file(self, split: str) -> IO[bytes]:
        if split not in self._files:
            path = self._folder.joinpath(*FOLDERS[split])
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".tmp-{uuid4().hex}-{path.name}")
            self._files[split] = temporary, temporary.open("wb")
        return self._files[split][1]


def _describe_image(row: ExportRow) -> dict[str, Any]:
    extension = posixpath.splitext(row.image)[1].lstrip(".").lower()
    details: dict[str, Any] = {"format": extension} if extension else {}
    if row.width and row.height:
        details |= {"width": f"{row.width}px", "height": f"{row.height}px"}
    return details
