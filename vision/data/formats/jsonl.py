"""JSON Lines with or without an MLTable (SPEC §2.1–2.2)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.json_lines import InvalidLineError, iterate_lines, parse_line
from vision.data.labels import guess_task_type
from vision.data.mltable import TableSource, is_mltable, read_mltable
from vision.data.records import Record
from vision.data.report import Action, Report, clean_text
from vision.data.split_names import guess_split, read_split
from vision.data.upload import ImageNotFoundError, Upload

_LOOKED_AT = 50  # lines read to see what the labels look like
_REMEMBERED = 4096  # image_urls of one file; a table with a line an object names each image several times in a row
_MAX_GROUP = 200
_MAX_SIDE = 1_000_000  # px


class JsonlReader:
    """Every MLTable of the upload, or where there is none every .jsonl file."""

    def detect(self, upload: Upload) -> Detection | None:
        tables = [file for file in upload.files if is_mltable(file)]
        if tables:
            return Detection("jsonl", 1.0, f"{tables[0]} is an MLTable")
        files = _list_jsonl(upload)
        return Detection("jsonl", 0.9, f"{files[0]} holds JSON lines") if files else None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        for source in list_sources(upload, Report()):
            for number, line in iterate_lines(upload.path(source.file), source.encoding):
                guess = _guess_line(line, target_column_name)
                if guess or number >= _LOOKED_AT:
                    return guess
        return ""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        for source in list_sources(upload, report):
            yield from _SourceReading(upload, source, options, report).records()


def list_sources(upload: Upload, report: Report) -> list[TableSource]:
    """The annotation files to read, each once. JSONL files that no MLTable names are said, not read."""
    tables = [file for file in upload.files if is_mltable(file)]
    files = _list_jsonl(upload)
    if not tables:
        return [TableSource(file, posixpath.dirname(file)) for file in files]
    sources = {source.file: source for table in tables for source in read_mltable(upload, table, report)}
    for file in files:
        if file not in sources:
            report.warning("unused_file", "No MLTable of the upload names this file; it was not read.", file=file)
    return list(sources.values())


def _list_jsonl(upload: Upload) -> list[str]:
    return [file for file in upload.files if file.lower().endswith(".jsonl")]


def _guess_line(line: bytes | str | None, target_column_name: str) -> str:
    try:
        return guess_task_type(parse_line(line)[0].get(target_column_name)) if line is not None else ""
    except InvalidLineError:
        return ""


class _SourceReading:
    """One annotation file being read."""

    def __init__(self, upload: Upload, source: TableSource, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._source = source
        self._options = options
        self._report = report
        self._split = guess_split(source.file)
        self._resolve = lru_cache(_REMEMBERED)(lambda url: upload.resolve(url, source.base))

    def records(self) -> Iterator[Record]:
        taken = 0
        source, limit = self._source, self._options.limits.max_line_bytes
        for index, (number, line) in enumerate(iterate_lines(self._upload.path(source.file), source.encoding, limit)):
            if index < source.skip:
                continue
            if source.take is not None and taken >= source.take:
                return
            taken += 1
            record = self._read_line(number, line)
            if record is not None:
                yield record

    def _read_line(self, number: int, line: bytes | str | None) -> Record | None:
        if line is None:
            limit = self._options.limits.max_line_bytes >> 20
            self._report.error("line_too_long", f"The line is over {limit} MB.", file=self._source.file, line=number)
            return None
        try:
            row, repair = parse_line(line)
        except InvalidLineError as error:
            # `invalid_lines: drop` in the MLTable says: leave such lines out and don't make much of it
            drops = self._source.drops_invalid_lines or self._options.drops_invalid_lines
            say = self._report.warning if drops else self._report.error
            say("invalid_json", str(error), Action.DROPPED, file=self._source.file, line=number)
            return None
        if repair:
            self._report.warning("repaired_line", repair, Action.REPAIRED, file=self._source.file, line=number)
        return self._read_row(row, line, number)

    def _read_row(self, row: dict[str, Any], line: bytes | str, number: int) -> Record | None:
        image = self._find_image(row.get("image_url"), row, number)
        name = self._options.target_column_name
        if image is None or name not in row:
            if name not in row:
                self._miss_label(row, number)
            return None
        details = row.get("image_details")
        details = details if type(details) is dict else {}
        text = line if isinstance(line, str) else line.decode("utf-8", "replace")
        group = row.get(self._options.group_column) if self._options.group_column else None
        return Record(
            image,
            row[name],
            self._source.file,
            number,
            read_split(row.get("split")) or self._split,
            text.strip(),
            _read_pixels(details.get("width")),
            _read_pixels(details.get("height")),
            "" if group is None else clean_text(str(group), _MAX_GROUP),
        )

    def _find_image(self, url: Any, row: dict[str, Any], number: int) -> str | None:
        place: dict[str, Any] = {"file": self._source.file, "line": number}
        if not isinstance(url, str) or not url.strip():
            keys = ", ".join(sorted(map(str, row))[:10]) or "none"
            message = f"The line has no image_url with the image's path. Its fields: {keys}."
            self._report.error("missing_image_url", message, **place)
            return None
        try:
            return self._resolve(url)
        except ImageNotFoundError as error:
            message = str(error)
            if url.lower().startswith(("http://", "https://")):
                message += " Images are taken from the upload, not fetched: pack them with the labels."
            self._report.error("missing_image", message, image=url[:300], **place)
            return None

    def _miss_label(self, row: dict[str, Any], number: int) -> None:
        keys = ", ".join(sorted(map(str, row))[:10])
        message = f"The line has no field {self._options.target_column_name!r} with the label. Its fields: {keys}."
        image = str(row.get("image_url", ""))[:300]
        self._report.error("missing_label", message, image=image, file=self._source.file, line=number)


def _read_pixels(value: Any) -> int | None:
    """A size as SPEC §2.1 allows it: 400, "400" or "400px"."""
    if type(value) is int:
        return value if 0 <= value < _MAX_SIDE else None
    match = re.fullmatch(r"\s*(\d{1,6})(?:\.0+)?\s*(?:px)?\s*", str(value), re.IGNORECASE)
    return int(match[1]) if match else None
