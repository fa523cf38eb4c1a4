"""Files that appear whole or not at all: written under another name, synced, renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to. At the end the file takes its place; after an exception it is removed."""
    draft = name_draft(path)
    try:
        yield draft
        settle_draft(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def name_draft(path: Path) -> Path:
    """A name in the folder of `path`, which is made, that no other thread or process uses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".tmp-{uuid4().hex}-{path.name}"[:200])


def settle_draft(draft: Path, path: Path) -> None:
    """Give a written file its name."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
