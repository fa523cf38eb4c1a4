"""Where the images of an export lie, so that no two of them share an annotation file."""

from __future__ import annotations

import posixpath
import re
import sqlite3
from collections.abc import Callable, Collection

SPLIT_FOLDERS = {"train": "train", "validation": "val", "test": "test"}
"""What the tools that read these formats call our splits."""
UNLABELLED_FOLDER = "_unlabelled_"
"""Where images nobody labelled lie, in formats that would take them for background."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Placer:
    """Gives every name a path of its own; asked again for a name, it answers the same.

    With `by_stem` no two paths differ by their extension only. What was given away is kept on disk, not in memory.
    """

    def __init__(self, by_stem: bool = True) -> None:
        self._by_stem = by_stem
        # An empty name is a database in a file of SQLite's own that goes with the connection
        self._taken = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._taken.execute("PRAGMA synchronous = OFF")
        self._taken.execute("PRAGMA journal_mode = OFF")
        self._taken.execute("CREATE TABLE taken (key TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID")

    def place(self, wanted: str, name: str) -> str:
        """`wanted`, or where another name has it already, a path beside it."""
        stem, extension = posixpath.splitext(_CONTROL.sub("_", wanted))
        candidate, number = stem, 1
        while not self._claim(candidate if self._by_stem else candidate + extension, name):
            number += 1
            candidate = f"{stem}_{number}"
        return candidate + extension

    def _claim(self, path: str, name: str) -> bool:
        key = _to_text(path.casefold())  # disks of other systems do not tell a.jpg from A.jpg
        self._taken.execute("INSERT OR IGNORE INTO taken VALUES (?, ?)", (key, _to_text(name)))
        (owner,) = self._taken.execute("SELECT name FROM taken WHERE key = ?", (key,)).fetchone()
        return bool(owner == _to_text(name))


def drop_folders(name: str, is_dropped: Callable[[str], bool] | Collection[str]) -> str:
    """A path without some of its folders: those that would be read as part of a format's layout."""
    *folders, last = name.split("/")
    dropped = is_dropped if callable(is_dropped) else is_dropped.__contains__
    return "/".join([*(folder for folder in folders if folder not in ("", ".", "..") and not dropped(folder)), last])


def _to_text(path: str) -> str:
    """SQLite takes no half of a surrogate pair, which undecodable file names have."""
    return path.encode("utf-8", "backslashreplace").decode()
