"""What is asked for and what comes back: a contract between the web process, which loads no torch, and another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

REQUEST, RESULT = "request.json", "preview.json"
"""The files below `out`."""


class PreviewRow(BaseModel):
    """An image as the manifest lists it; `annotation` is its label cell as JSON."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    row: int
    path: str
    sha256: str
    format: str
    width: int
    height: int
    labels: list[str]
    annotation: str


class PreviewRequest(BaseModel):
    """The first `shown` of `rows` are drawn, each as it is and in `draws` random views; the others are there for views
    that are made of several images. `parameters` are resolved; an image lies at `images_dir/blobs/<aa>/<sha256>`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_type: str
    architecture: str
    parameters: dict[str, Any]
    label_names: list[str]
    rows: list[PreviewRow]
    images_dir: Path
    shown: int = 3
    draws: int = 4
    seed: int = 0
    out: Path

    def write(self) -> Path:
        """The request as a file in `out`."""
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / REQUEST
        path.write_text(self.model_dump_json(), encoding="utf-8")
        return path


class Picture(BaseModel):
    """One drawn image: `file` in `out`; `width` and `height` of what it shows in px (of a view: the network's input);
    `cell` its objects as a label cell, None where it has names alone."""

    file: str
    width: int
    height: int
    cell: list[dict[str, Any]] | None = None


class PreviewImage(BaseModel):
    """An image as it is, and the random views of it."""

    path: str
    labels: list[str]
    original: Picture
    views: list[Picture]


class Preview(BaseModel):
    """What is in `preview.json`."""

    images: list[PreviewImage]


def read_preview(folder: Path) -> Preview:
    """The preview in a folder.

    Raises:
        FileNotFoundError: there is none.
    """
    return Preview.model_validate_json((folder / RESULT).read_bytes())
