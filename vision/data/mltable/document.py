"""Reading an `MLTable` file (SPEC §2.2): which annotation files it names and how they are read."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vision.data.report import Report
from vision.data.upload import Upload
from vision.errors import UserError
from vision.spec.documents import load_document

ENCODINGS = {
    "utf8": "utf-8",
    "utf8bom": "utf-8-sig",
    "iso88591": "iso-8859-1",
    "latin1": "iso-8859-1",
    "ascii": "ascii",
    "utf16": "utf-16",
    "utf32": "utf-32",
    "windows1252": "windows-1252",
}
_MAX_BYTES = 1 << 20
_HARMLESS = {"convert_column_types"}  # image_url is a stream for us in any case


@dataclass(frozen=True)
class TableSource:
    """One annotation file to read. `base` is the folder its relative image_urls start from."""

    file: str
    base: str
    encoding: str = "utf-8"
    drops_invalid_lines: bool = False
    skip: int = 0
    take: int | None = None


def is_mltable(file: str) -> bool:
    return posixpath.basename(file) == "MLTable"


def read_mltable(upload: Upload, file: str, report: Report) -> list[TableSource]:
    """The annotation files an MLTable names, in its order. What is wrong with it goes to the report."""
    path = upload.path(file)
    if path.stat().st_size > _MAX_BYTES:
        report.error("mltable_too_large", "An MLTable is a few lines of YAML; this one is over 1 MB.", file=file)
        return []
    try:
        document = load_document(path.read_bytes())
    except UserError as error:
        report.error("invalid_mltable", f"The MLTable cannot be read: {error}", file=file)
        return []
    base = posixpath.dirname(file)
    reading = _read_transformations(document, file, report)
    if reading is None:
        return []
    files = _list_files(document.get("paths"), base, upload, file, report)
    return [TableSource(name, base, **reading) for name in files]


def _read_transformations(document: dict[str, Any], file: str, report: Report) -> dict[str, Any] | None:
    reading: dict[str, Any] = {}
    steps = document.get("transformations") or []
    if not isinstance(steps, list):
        report.error("invalid_mltable", "`transformations` must be a list.", file=file)
        return None
    for step in steps:
        name, arguments = next(iter(step.items())) if isinstance(step, dict) and len(step) == 1 else (step, None)
        if name == "read_json_lines":
            reading |= _read_json_lines(arguments if isinstance(arguments, dict) else {}, file, report)
        elif name in ("take", "skip") and isinstance(arguments, int) and arguments >= 0:
            reading[name] = arguments
        elif name not in _HARMLESS:
            report.error(
                "unsupported_transformation",
                f"The transformation {name!r} is not supported here, so the table was not read. "
                "Known: read_json_lines, convert_column_types, take, skip.",
                file=file,
            )
            return None
    return reading


def _read_json_lines(arguments: dict[str, Any], file: str, report: Report) -> dict[str, Any]:
    wanted = str(arguments.get("encoding", "utf8")).lower().replace("-", "").replace("_", "")
    if wanted not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        report.warning(
            "unknown_encoding", f"The encoding {wanted!r} is unknown, utf8 was used. Known: {known}.", file=file
        )
    return {
        "encoding": ENCODINGS.get(wanted, "utf-8"),
        "drops_invalid_lines": arguments.get("invalid_lines", "error") == "drop",
    }


def _list_files(paths: Any, base: str, upload: Upload, file: str, report: Report) -> list[str]:
    if not isinstance(paths, list) or not paths:
        report.error(
            "invalid_mltable", "`paths` must list the annotation files, such as `- file: ./x.jsonl`.", file=file
        )
        return []
    found: list[str] = []
    for item in paths:
        kind, value = next(iter(item.items())) if isinstance(item, dict) and len(item) == 1 else ("", item)
        matches = sorted(_match(str(kind), str(value), base, upload))
        if not matches:
            report.error("missing_file", f"The MLTable names {value!r}, which is not in the upload.", file=file)
        found += [name for name in matches if name not in found]
    return found


def _match(kind: str, value: str, base: str, upload: Upload) -> Iterable[str]:
    wanted = posixpath.normpath(posixpath.join(base, value))
    if kind == "file":
        if wanted in upload:
            return [wanted]
        # A file by an address: the one in the upload that ends like it
        return [name for name in [posixpath.join(base, posixpath.basename(value))] if "://" in value and name in upload]
    if kind == "folder":
        prefix = "" if wanted == "." else f"{wanted}/"
        return [name for name in upload.files if name.startswith(prefix) and name.endswith((".jsonl", ".json"))]
    if kind == "pattern":
        return [name for name in upload.files if fnmatch.fnmatchcase(name, wanted)]
    return []
