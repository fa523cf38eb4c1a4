"""The Parquet files of an import or a version: how they are laid out, and one way to write them whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vision.data.drafts import name_draft, settle_draft

ROW_GROUP = 20_000
"""Small enough that a page reads a few megabytes, large enough to compress."""
PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "data_page_size": 16 << 10,
    "write_batch_size": 64,  # after so many rows it is asked whether the page is full: outlines are 20 kB a row
    "use_dictionary": [
        "split", "format", "objects", "labels.list.element", "problems.list.element", "group", "source_file",
    ],
}  # fmt: skip
"""How tables are written. One row of a wide column costs the page it stands in, so pages are small; only columns that
repeat themselves have a dictionary, which every reader of the column reads first."""


class RowWriter:
    """Rows into a Parquet file, a row group in memory at a time. The file appears whole, on `close`, or not at all."""

    def __init__(self, path: Path, schema: pa.Schema, group: int = ROW_GROUP, group_bytes: int = 16 << 20) -> None:
        self.path = path
        self.count = 0
        self._schema = schema
        self._group, self._group_bytes = group, group_bytes
        self._columns: list[list[Any]] = [[] for _ in schema]
        self._bytes = 0
        self._draft = name_draft(path)
        self._writer = pq.ParquetWriter(self._draft, schema, **PARQUET)

    def add(self, row: tuple[Any, ...], size: int = 0) -> bool:
        """One row in the schema's order; `size` its bytes, where it may be large. True when a group was written."""
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self.count += 1
        self._bytes += size
        if len(self._columns[0]) < self._group and self._bytes < self._group_bytes:
            return False
        self._flush()
        return True

    def add_table(self, table: pa.Table) -> None:
        """Many rows at once, as one row group."""
        self._flush()
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.count += table.num_rows

    def close(self) -> Path:
        """Write what is left and give the file its name."""
        self._flush()
        self._writer.close()
        settle_draft(self._draft, self.path)
        return self.path

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(self, kind: Any, *ignored: object) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.close()
            self._draft.unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self._columns[0]:
            return
        arrays = [pa.array(column, field.type) for column, field in zip(self._columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._columns = [[] for _ in self._schema]
        self._bytes = 0
