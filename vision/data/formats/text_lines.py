"""Lines of a text file of any size, those that cannot be read reported at their place."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from vision.data.formats.json_lines import iterate_lines
from vision.data.limits import ImportLimits
from vision.data.report import Report
from vision.data.upload import Upload

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def iterate_text(upload: Upload, file: str, limits: ImportLimits, report: Report) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their number from 1, without their end. UTF-8, or UTF-16 with its mark."""
    path = upload.path(file)
    with path.open("rb") as opened:
        encoding = "utf-16" if opened.read(2) in _UTF_16 else "utf-8"
    for number, line in iterate_lines(path, encoding, limits.max_line_bytes):
        if line is None:
            message = f"The line is over {limits.max_line_bytes:,} bytes and was left out."
            report.error("line_too_long", message, file=file, line=number)
            continue
        try:
            text = line if isinstance(line, str) else line.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"The line is not UTF-8 (byte {error.start + 1}) and was left out."
            report.error("invalid_encoding", message, file=file, line=number)
            continue
        if text.strip():  # bytes that are no space may be one in Unicode
            yield number, text.rstrip("\r\n")
