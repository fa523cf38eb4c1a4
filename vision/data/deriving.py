"""A manifest from a manifest: the next version of a data set without touching an image.

The rows pass through from file to file, a row group in memory at a time; of all rows only their numbers are held.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vision.data.databases import connect
from vision.data.edits import Edit, affected_rows, cell_change, describe_edit
from vision.data.filtering import ALL_ROWS, RowFilter
from vision.data.grouping import assign_rows
from vision.data.labels import LabelCell
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.manifest import SCHEMA
from vision.data.reading import ask
from vision.data.tables import RowWriter
from vision.errors import InvalidDatasetError

Numbers = NDArray[np.int64]
Change = Callable[[pa.Table], pa.Table]
"""A row group as it is to be, fewer rows or the same."""
OnRows = Callable[[int], None]


def _tell_nobody(count: int) -> None:
    pass


@dataclass(frozen=True)
class EditPlan:
    """What an edit will do: `count` images change; `text` says so in the past tense."""

    count: int
    text: str


@dataclass(frozen=True)
class Edited:
    """A manifest whose problems are still those of its source. `relabelled` are numbers of rows with a new label."""

    manifest: Path
    relabelled: Numbers


def plan_edit(
    manifest: Path, task_type: str, edit: Edit, rows: RowFilter = ALL_ROWS, limits: ImportLimits = DEFAULT_LIMITS
) -> EditPlan:
    """What an edit of the chosen rows would do.

    Raises:
        InvalidDatasetError: it would change nothing, leave no label, or too little to train on; the number is named.
    """
    if edit.action in ("split", "restore"):
        return EditPlan(0, describe_edit(edit, 0, task_type))
    where, values = affected_rows(edit, rows, task_type)
    query = f"SELECT split, count(*), count(*) FILTER ({where}) FROM read_parquet(?) GROUP BY split"
    found = ask(query, [*values, str(manifest)])
    changed = sum(count for _, _, count in found)
    if not changed:
        raise InvalidDatasetError(
            "No image would change.", hint="Choose other images, or another edit.", code="nothing_to_change"
        )
    if edit.action in ("move", "drop"):
        counts = {split: (count, gone) for split, count, gone in found}
        _refuse_too_few(edit, counts, changed, limits.min_training_images)
    if not _keeps_a_label(manifest, edit, where, values):
        raise InvalidDatasetError("No image would have a label.", hint="Leave at least one.", code="no_labels")
    return EditPlan(changed, describe_edit(edit, changed, task_type))


def apply_edit(
    manifest: Path, task_type: str, edit: Edit, rows: RowFilter, work_dir: Path, on_rows: OnRows = _tell_nobody
) -> Edited:
    """Write the rows as the edit leaves them, numbered anew from 0, to a file in `work_dir`."""
    target = work_dir / "edited.parquet"
    if edit.action == "restore":
        shutil.copyfile(manifest, target)
        return Edited(target, _no_rows())
    if edit.action == "split":
        rewrite_rows(manifest, target, _assign(manifest, edit, work_dir), on_rows)
        return Edited(target, _no_rows())
    where, values = affected_rows(edit, rows, task_type)
    with connect(work_dir) as database:
        query = f"SELECT row FROM read_parquet(?) WHERE {where} ORDER BY row"
        affected: Numbers = database.execute(query, [str(manifest), *values]).fetchnumpy()["row"].astype(np.int64)
    rewrite_rows(manifest, target, _change_of(edit, affected, task_type), on_rows)
    return Edited(target, affected if edit.is_about_labels else _no_rows())


def rewrite_rows(source: Path, target: Path, change: Change, on_rows: OnRows = _tell_nobody) -> int:
    """Every row group through `change` into a new manifest, the rows numbered from 0; returns their number.

    `on_rows` is told the number so far.
    """
    with RowWriter(target, SCHEMA) as writer:
        for table in read_row_groups(source):
            changed = change(table)
            if changed.num_rows:
                numbers = np.arange(writer.count, writer.count + changed.num_rows, dtype=np.int64)
                writer.add_table(set_column(changed, "row", pa.array(numbers)).cast(SCHEMA))
            on_rows(writer.count)
        return writer.count


def read_row_groups(manifest: Path) -> Iterator[pa.Table]:
    """The rows of a manifest, a row group at a time."""
    with pq.ParquetFile(manifest) as file:
        for index in range(file.num_row_groups):
            yield file.read_row_group(index, columns=SCHEMA.names)


def replace_cells(table: pa.Table, cells: dict[int, LabelCell]) -> pa.Table:
    """The table with other labels in the rows at these places."""
    annotations, labels, objects = (table[name].to_pylist() for name in ("annotation", "labels", "objects"))
    for place, cell in cells.items():
        annotations[place] = cell.annotation
        labels[place] = list(dict.fromkeys(cell.names))
        objects[place] = len(cell.names)
    for name, values in (("annotation", annotations), ("labels", labels), ("objects", objects)):
        table = set_column(table, name, pa.array(values, SCHEMA.field(name).type))
    return table


def set_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


def _change_of(edit: Edit, affected: Numbers, task_type: str) -> Change:
    if edit.action == "drop":
        return lambda table: table.filter(pa.array(~_is_in(table, affected)))
    if edit.action == "move":
        target = pa.scalar(edit.target)
        return lambda table: set_column(
            table, "split", pc.if_else(pa.array(_is_in(table, affected)), target, table["split"])
        )
    change = cell_change(edit, task_type)

    def relabel(table: pa.Table) -> pa.Table:
        places = np.flatnonzero(_is_in(table, affected))
        if not len(places):
            return table
        annotations = table["annotation"].take(pa.array(places)).to_pylist()
        return replace_cells(table, {int(place): change(one) for place, one in zip(places, annotations, strict=True)})

    return relabel


def _assign(manifest: Path, edit: Edit, work_dir: Path) -> Change:
    """Every row with the split that the edit's shares, seed and groups give it."""
    with connect(work_dir, file=work_dir / "splits.duckdb") as database:
        query = 'CREATE TABLE rows AS SELECT row AS seq, labels, "group", split FROM read_parquet(?) ORDER BY row'
        database.execute(query, [str(manifest)])
        assign_rows(database, edit.settings())
        answer: pa.Table = database.sql("SELECT split FROM rows ORDER BY seq").to_arrow_table()
    found = answer["split"].dictionary_encode()
    place = 0

    def assign(table: pa.Table) -> pa.Table:
        nonlocal place
        splits = found.slice(place, table.num_rows).cast(pa.string())
        place += table.num_rows
        return set_column(table, "split", splits)

    return assign


def _is_in(table: pa.Table, rows: Numbers) -> NDArray[np.bool_]:
    return np.isin(table["row"].to_numpy(), rows, assume_unique=True)


def _no_rows() -> Numbers:
    return np.empty(0, np.int64)


def _keeps_a_label(manifest: Path, edit: Edit, where: str, values: list[Any]) -> bool:
    if edit.action == "drop":
        condition, given = f"NOT ({where}) AND len(labels) > 0", values
    elif edit.is_about_labels and not edit.new_label:
        left = "len(list_filter(labels, lambda name: NOT list_contains(?::VARCHAR[], name))) > 0"
        condition, given = f"(NOT ({where}) AND len(labels) > 0) OR {left}", [*values, list(edit.label)]
    else:
        return True
    query = f"SELECT 1 FROM read_parquet(?) WHERE {condition} LIMIT 1"
    return bool(ask(query, [str(manifest), *given]))


def _refuse_too_few(edit: Edit, counts: dict[str, tuple[int, int]], changed: int, needed: int) -> None:
    before, gone = counts.get("train", (0, 0))
    left = before - gone + (changed if edit.target == "train" else 0)
    total = sum(count for count, _ in counts.values()) - (changed if edit.action == "drop" else 0)
    if total and (not before or left >= needed):  # a set without training images is for validation or testing only
        return
    raise InvalidDatasetError(
        f"{left} training image{'' if left == 1 else 's'} would be left; at least {needed} are needed.",
        hint="Choose fewer images.",
        code="too_few_images",
    )
