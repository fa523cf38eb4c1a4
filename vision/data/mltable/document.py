"""Understanding an `MLTable` file (SPEC §2.2): its paths, its reader, its transformations."""

from __future__ import annotations

import posixpath
from typing import Any

from vision.data.mltable.paths import list_matches
from vision.data.mltable.steps import make_step
from vision.data.mltable.table import ENCODINGS, InvalidStepError, Step, Table
from vision.data.report import Report
from vision.data.upload import Upload
from vision.errors import UserError
from vision.spec.documents import load_document

_MAX_BYTES = 1 << 18
_MAX_PATHS = 1_000
_TEMPLATE = "`paths` must list the annotation files, such as `- file: ./x.jsonl`."


def is_mltable(file: str) -> bool:
    return posixpath.basename(file) == "MLTable"


def read_mltable(upload: Upload, file: str, report: Report) -> Table | None:
    """The table an MLTable describes. What is wrong with it goes to the report; None where it cannot be read."""
    path = upload.path(file)
    if path.stat().st_size > _MAX_BYTES:
        report.error("invalid_mltable", "An MLTable is a few lines of YAML; this one is over 256 kB.", file=file)
        return None
    try:
        document = load_document(path.read_bytes())
        reading, steps = _read_transformations(document.get("transformations"), file, report)
    except (UserError, InvalidStepError) as error:
        code = "unsupported_transformation" if isinstance(error, InvalidStepError) else "invalid_mltable"
        report.error(code, f"The MLTable was not read. {error}", file=file)
        return None
    base = posixpath.dirname(file)
    return Table(base, _list_files(document.get("paths"), base, upload, file, report), file, steps=steps, **reading)


def _read_transformations(value: Any, file: str, report: Report) -> tuple[dict[str, Any], tuple[Step, ...]]:
    if not isinstance(value, list | None):
        raise InvalidStepError("`transformations` must be a list.")
    reading: dict[str, Any] = {}
    steps: list[Step] = []
    for name, arguments in map(_read_entry, value or []):
        if name == "read_json_lines":
            reading = _read_json_lines(arguments if isinstance(arguments, dict) else {}, file, report)
        elif (step := make_step(name, arguments)) is not None:
            steps.append(step)
    return reading, tuple(steps)


def _read_entry(entry: Any) -> tuple[str, Any]:
    if isinstance(entry, str):
        return entry, None
    if not isinstance(entry, dict) or len(entry) != 1:
        raise InvalidStepError(f"A transformation is one name with its arguments, not {str(entry)[:80]!r}.")
    name, arguments = next(iter(entry.items()))
    return str(name), arguments


def _read_json_lines(arguments: dict[str, Any], file: str, report: Report) -> dict[str, Any]:
    wanted = str(arguments.get("encoding", "utf8")).lower().replace("-", "").replace("_", "")
    if wanted not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        message = f"The encoding {wanted[:40]!r} is unknown, utf8 was used. Known: {known}."
        report.warning("unknown_encoding", message, file=file)
    return {
        "encoding": ENCODINGS.get(wanted, "utf-8"),
        "drops_invalid_lines": arguments.get("invalid_lines", "error") == "drop",
        "has_path_column": arguments.get("include_path_column") is True,
    }


def _list_files(paths: Any, base: str, upload: Upload, file: str, report: Report) -> tuple[str, ...]:
    if not isinstance(paths, list) or not paths or len(paths) > _MAX_PATHS:
        report.error("invalid_mltable", _TEMPLATE, file=file)
        return ()
    found: dict[str, None] = {}
    for kind, value in map(_read_path, paths):
        matches = list_matches(kind, value, base, upload)
        if not matches:
            report.error("missing_file", f"The MLTable names {value[:200]!r}, which is not in the upload.", file=file)
        found |= dict.fromkeys(matches)
    return tuple(found)


def _read_path(item: Any) -> tuple[str, str]:
    if isinstance(item, dict) and len(item) == 1:
        kind, value = next(iter(item.items()))
        return str(kind), str(value)
    return "", str(item)
