"""One CSV file being read, row by row."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import ReadOptions
from vision.data.formats.csv_table.boxes import BoxRow, BoxRows, InvalidBoxError, read_corner
from vision.data.formats.csv_table.columns import Columns, Kind, read_flag
from vision.data.formats.csv_table.names import (
    InvalidNamesError,
    Separator,
    choose_separator,
    is_doubtful,
    is_list,
    read_names,
)
from vision.data.formats.csv_table.rows import iterate_rows
from vision.data.formats.found import FoundObject, to_cell, to_names_cell
from vision.data.formats.layout import ImageStems, get_stem
from vision.data.geometry import find_frame
from vision.data.records import Record
from vision.data.report import Report
from vision.data.split_names import guess_split, read_split
from vision.data.upload import ImageNotFoundError, Upload

_MAX_GROUP = 200
_MAX_SIDE = 1_000_000  # px
_SHARES = 1.5  # up to here coordinates are shares of the image (the bound of Azure's own converter)
_MOST_SPLITS = 20  # unknown names of splits that are said


@dataclass(frozen=True)
class Table:
    """A file, and how it is to be read: by its `sample` of first rows with their lines."""

    file: str
    delimiter: str
    columns: Columns
    sample: list[tuple[int, list[str]]]


def read_names_table(
    table: Table, upload: Upload, stems: ImageStems, options: ReadOptions, report: Report
) -> Iterator[Record]:
    """The records of a table with class names or a column for each class."""
    rows = _Rows(table, upload, stems, options, report)
    names = _NameCells(table, options, report)
    for line, cells in rows.iterate():
        image = rows.find_image(cells, line)
        if image is None:
            continue
        try:
            label = names.read(cells, line)
        except InvalidNamesError as error:
            report.error("invalid_label", str(error), file=table.file, line=line, image=image)
            continue
        width, height = rows.read_size(cells) or (None, None)
        yield Record(
            image,
            label,
            table.file,
            line=line,
            split=rows.read_split(cells, line),
            source=table.delimiter.join(cells),
            width=width,
            height=height,
            group=rows.read_group(cells),
        )


def read_boxes_table(
    table: Table, upload: Upload, stems: ImageStems, options: ReadOptions, report: Report
) -> Iterator[Record]:
    """The records of a table with a row for each box, each at the line that first names its image."""
    rows = _Rows(table, upload, stems, options, report)
    aside = BoxRows()
    for line, cells in rows.iterate():
        image = rows.find_image(cells, line)
        if image is None:
            continue
        try:
            aside.add(_read_box(table, rows, image, line, cells))
        except InvalidBoxError as error:
            aside.refuse(image, line)
            report.error("invalid_label", str(error), file=table.file, line=line, image=image)
    are_shares = _has_shares(table)
    if are_shares:
        message = f"No coordinate is above {_SHARES:g}: they were taken for shares of the image, not for pixels."
        report.warning("coordinates_taken_as_shares", message, file=table.file, line=table.sample[0][0])
    for boxes in aside.iterate_images(options.limits.max_objects + 1):
        first = boxes[0]
        width, height = first.size or (None, None)
        yield Record(
            first.image,
            to_cell(_to_objects(boxes, upload, are_shares), options.task_type),
            table.file,
            line=first.line,
            split=first.split,
            source="\n".join(box.source for box in boxes),
            width=width,
            height=height,
            group=first.group,
        )


@dataclass
class _Rows:
    """What is common to all kinds of tables: the image, split, size and group of a row."""

    table: Table
    upload: Upload
    stems: ImageStems
    options: ReadOptions
    report: Report
    unknown: set[str] = field(default_factory=set)

    def iterate(self) -> Iterator[tuple[int, list[str]]]:
        """All rows below the header that have as many cells as they need."""
        table, columns = self.table, self.table.columns
        rows = iterate_rows(self.upload, table.file, table.delimiter, self.options.limits, self.report)
        if columns.has_header:
            next(rows, None)
        if self.options.group_column and columns.group < 0:
            message = f"There is no column {self.options.group_column!r}; rows were not grouped by it."
            self.report.warning("missing_group_column", message, file=table.file, line=1)
        if not table.sample:
            self.report.error("empty_table", "The file has a header and no rows.", file=table.file, line=1)
        for line, cells in rows:
            needed = len(columns.titles)
            if len(cells) == needed or (len(cells) > needed and self._may_be_longer()):
                yield line, cells
            elif any(cells):
                message = f"The row has {len(cells)} cells, the table {needed} columns."
                self.report.error("invalid_csv", message, file=table.file, line=line)

    def find_image(self, cells: list[str], line: int) -> str | None:
        """The image of a row: by its path, else by a name without its extension."""
        name = cells[self.table.columns.image]
        if not name:
            self.report.error("missing_image_url", "The row names no image.", file=self.table.file, line=line)
            return None
        base = posixpath.dirname(self.table.file)
        try:
            return self.upload.find(name, base)
        except ImageNotFoundError as error:
            if get_stem(name) == name and (images := self.stems.list_images(name)) and len(images) == 1:
                return images[0]
            self.report.error("missing_image", str(error), file=self.table.file, line=line, image=name[:300])
            return None

    def read_split(self, cells: list[str], line: int) -> str:
        """By the column of splits; where there is none, by the path of the file."""
        columns = self.table.columns
        if columns.split < 0:
            return guess_split(self.table.file)
        cell = cells[columns.split]
        split = read_split(cell)
        if cell and not split and cell not in self.unknown and len(self.unknown) < _MOST_SPLITS:
            self.unknown.add(cell)
            message = f"The split {cell[:40]!r} is none of train, validation and test; its rows were given none."
            self.report.warning("unknown_split", message, file=self.table.file, line=line)
        return split

    def read_size(self, cells: list[str]) -> tuple[int, int] | None:
        columns = self.table.columns
        if columns.width < 0 or columns.height < 0:
            return None
        width, height = _read_side(cells[columns.width]), _read_side(cells[columns.height])
        return (width, height) if width and height else None

    def read_group(self, cells: list[str]) -> str:
        return cells[self.table.columns.group][:_MAX_GROUP] if self.table.columns.group >= 0 else ""

    def _may_be_longer(self) -> bool:
        """Names parted by commas that nobody put in quotes: `image,label` and then `a.jpg,cat,dog`."""
        columns = self.table.columns
        is_last = columns.label == len(columns.titles) - 1
        return columns.kind == Kind.NAMES and is_last and self.options.task_type == TaskType.MULTILABEL


class _NameCells:
    """The label of a row with class names or with a flag a class."""

    def __init__(self, table: Table, options: ReadOptions, report: Report) -> None:
        self._table = table
        self._task_type = options.task_type
        self._report = report
        self._separator = Separator()
        self._is_said = table.columns.kind == Kind.ONE_HOT or options.task_type == TaskType.CLASSIFICATION
        if not self._is_said:
            label = table.columns.label
            self._separator = choose_separator(
                (line, cells[label]) for line, cells in table.sample if label < len(cells)
            )
            self._say(self._separator)

    def read(self, cells: list[str], line: int) -> Any:
        columns = self._table.columns
        if columns.kind == Kind.ONE_HOT:
            return self._read_flags(cells)
        if len(cells) > len(columns.titles):
            return [cell for cell in cells[columns.label :] if cell]
        cell = cells[columns.label]
        if not self._is_said and not is_list(cell) and self._is_new_doubt(cell):
            self._say(Separator(self._separator.character, cell, line))
        return read_names(cell, self._separator, self._task_type)

    def _read_flags(self, cells: list[str]) -> Any:
        flags = {place: read_flag(cells[place]) for place in self._table.columns.flags}
        wrong = next((place for place, flag in flags.items() if flag is None), None)
        if wrong is not None:
            title = self._table.columns.flags[wrong]
            raise InvalidNamesError(f"The column {title!r} says {cells[wrong][:40]!r}; it must say 0 or 1.")
        if not any(cells[place] for place in flags):
            return None
        return to_names_cell(
            [self._table.columns.flags[place] for place, flag in flags.items() if flag], self._task_type
        )

    def _is_new_doubt(self, cell: str) -> bool:
        """Below the rows that decided: a sign that one of the surer separators is meant after all."""
        character = self._separator.character
        return is_doubtful(cell, character, frozenset(cell.split()) if character == " " else frozenset())

    def _say(self, separator: Separator) -> None:
        if separator.doubt:
            self._is_said = True
            self._report.warning("separator_assumed", separator.explain(), file=self._table.file, line=separator.line)


def _read_box(table: Table, rows: _Rows, image: str, line: int, cells: list[str]) -> BoxRow:
    columns = table.columns
    name, texts = cells[columns.label], [cells[place] for place in columns.corners]
    corners = None
    if name or any(texts):
        if not name:
            raise InvalidBoxError("The row has a box and no class name.")
        titles = [columns.titles[place] for place in columns.corners]
        left, top, right, bottom = (read_corner(*pair) for pair in zip(texts, titles, strict=True))
        corners = (left, top, right, bottom)
    return BoxRow(
        image=image,
        line=line,
        name=name,
        corners=corners,
        is_crowd=columns.crowd >= 0 and bool(read_flag(cells[columns.crowd])),
        size=rows.read_size(cells),
        split=rows.read_split(cells, line),
        group=rows.read_group(cells),
        source=table.delimiter.join(cells),
    )


def _to_objects(boxes: list[BoxRow], upload: Upload, are_shares: bool) -> list[FoundObject]:
    """The boxes of one image in 0–1; none where the image cannot be opened, whose check will say why."""
    frame = None if are_shares else find_frame(upload, boxes[0].image, boxes[0].size)
    objects = []
    for box in boxes:
        if box.corners is not None and are_shares:
            objects.append(FoundObject(box.name, box.corners, is_crowd=box.is_crowd))
        elif box.corners is not None and frame is not None:
            corners = frame.normalize_box(*box.corners)
            shares = (corners["topX"], corners["topY"], corners["bottomX"], corners["bottomY"])
            objects.append(FoundObject(box.name, shares, is_crowd=box.is_crowd))
    return objects


def _has_shares(table: Table) -> bool:
    """Whether all coordinates of the first rows are small enough."""
    values = []
    for _, cells in table.sample:
        try:
            values += [read_corner(cells[place], "") for place in table.columns.corners if place < len(cells)]
        except InvalidBoxError:
            continue
    return bool(values) and max(values) <= _SHARES


def _read_side(text: str) -> int | None:
    number = text.lower().removesuffix("px").strip().removesuffix(".0")
    return int(number) if number.isdecimal() and 0 < len(number) < 8 and 0 < int(number) <= _MAX_SIDE else None
