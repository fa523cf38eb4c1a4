"""What a format reader yields: one labelled image of an upload, before anyone has opened it."""

from __future__ import annotations

from dataclasses import dataclass

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Record:
    """`image` is a file of the upload, `labels` its class names, `annotation` its canonical label cell as JSON."""

    image: str
    split: str
    labels: tuple[str, ...]
    annotation: str
    file: str
    line: int
    source: str = ""
    width: int | None = None
    height: int | None = None
