"""The files of an upload that the `paths` of an MLTable mean."""

from __future__ import annotations

import fnmatch
import glob
import posixpath
from collections.abc import Callable

from vision.data.upload import ImageNotFoundError, Upload, split_address

_LINES = (".jsonl", ".json", ".ndjson")
_MAX_PARTS = 64


def list_matches(kind: str, value: str, base: str, upload: Upload) -> list[str]:
    """The files that `{kind: value}` names, sorted; `kind` is file, folder or pattern, `base` the MLTable's folder.

    What lies at an address (azureml://…) or an absolute path is matched by its longest end that the upload holds.
    """
    scheme, path = split_address(value)
    if kind == "file":
        return _match_file(value, base, upload)
    match = {"folder": _match_folder, "pattern": _match_pattern}.get(kind)
    if match is None:
        return []
    if scheme or path.startswith("/"):
        return _match_end(path, upload, match)
    start = glob.escape(base) if kind == "pattern" else base
    return match(posixpath.normpath(posixpath.join(start, path)), upload)


def _match_file(value: str, base: str, upload: Upload) -> list[str]:
    try:
        return [upload.resolve(value, base)]
    except ImageNotFoundError:
        name = posixpath.join(base, posixpath.basename(value))  # among several of that name, the one beside the MLTable
        return [name] if name in upload and "://" in value else []


def _match_folder(folder: str, upload: Upload) -> list[str]:
    prefix = "" if folder == "." else f"{folder}/"
    return sorted(file for file in upload.files if file.startswith(prefix) and file.lower().endswith(_LINES))


def _match_pattern(pattern: str, upload: Upload) -> list[str]:
    parts = pattern.split("/")
    if len(parts) > _MAX_PARTS:
        return []
    return sorted(file for file in upload.files if _fits(file.split("/"), parts))


def _match_end(path: str, upload: Upload, match: Callable[[str, Upload], list[str]]) -> list[str]:
    parts = [part for part in path.split("/") if part not in ("", ".")][-_MAX_PARTS:]
    for start in range(len(parts)):
        found = match("/".join(parts[start:]), upload)
        if found:
            return found
    return []


def _fits(names: list[str], parts: list[str]) -> bool:
    """Whether a path fits a pattern: `**` stands for any number of folders, `*` and `?` for what is in one name."""
    if parts[-1] != "**" and not fnmatch.fnmatchcase(names[-1], parts[-1]):
        return False  # most files end here
    reached = {0}  # how many of the names the parts so far may have used up
    for part in parts:
        if part == "**":
            reached = set(range(min(reached), len(names) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(names) and fnmatch.fnmatchcase(names[at], part)}
        if not reached:
            return False
    return len(names) in reached
