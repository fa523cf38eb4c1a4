"""Counting a manifest's rows by SQL: histograms, ranges, and examples of what is rare. Memory stays flat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

EXAMPLES = 100  # row numbers kept of what a page leads to
BIN_EXAMPLES = 30  # of each bin
_BINS = 12
Bins = list[dict[str, Any]]


def ask(database: duckdb.DuckDBPyConnection, query: str, manifest: Path) -> list[tuple[Any, ...]]:
    """The rows of a query whose `{}` is the manifest."""
    return database.execute(query.format("read_parquet(?)"), [str(manifest)]).fetchall()


def count_equal_bins(database: duckdb.DuckDBPyConnection, manifest: Path, value: str) -> Bins:
    """Equal bins from the smallest to the largest: `[{"from", "to", "count"}]`, `to` excluded but in the last."""
    low, high = ask(database, f"SELECT min({value}), max({value}) FROM {{}}", manifest)[0]
    if low is None:
        return []
    step = max(1, -(-(high - low + 1) // _BINS))
    query = f"SELECT ({value} - {low}) // {step} AS bin, count(*) FROM {{}} GROUP BY bin"
    counts = {int(index): count for index, count in ask(database, query, manifest)}
    bins = range((high - low) // step + 1)
    return [
        {"from": low + index * step, "to": low + (index + 1) * step, "count": counts.get(index, 0)} for index in bins
    ]


def count_log_bins(
    database: duckdb.DuckDBPyConnection, table: str, value: str, base: int, values: list[Any] | None = None
) -> Bins:
    """Bins of half a power of `base`: `[{"from", "to", "count", "rows"}]`, the first `BIN_EXAMPLES` rows or fewer.

    For base 2 they lie around the powers, so that 1 : 1 is in the middle of one; for base 10 between them.
    """
    step = f"round(2 * log2({value}))" if base == 2 else f"floor(2 * log10({value}))"
    before = 0.25 if base == 2 else 0.0
    query = f"SELECT {step} AS bin, count(*), min(row, {BIN_EXAMPLES}) FROM {table} GROUP BY bin ORDER BY bin"
    return [
        {
            "from": base ** (at / 2 - before),
            "to": base ** ((at + 1) / 2 - before),
            "count": count,
            "rows": sorted(set(rows)),
        }
        for at, count, rows in database.execute(query, values or []).fetchall()
    ]


def to_range(values: tuple[Any, ...]) -> dict[str, float]:
    """`{"min", "median", "max"}`, empty without rows."""
    low, middle, high = values
    return {} if low is None else {"min": low, "median": middle, "max": high}
