"""The transformations of an MLTable after its reader, each a step over the rows as they come."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from vision.data.mltable.columns import make_conversion, read_names
from vision.data.mltable.filters import compile_filter
from vision.data.mltable.partitions import PartitionFormat
from vision.data.mltable.table import InvalidStepError, Line, Step
from vision.data.report import Report


def make_step(name: str, arguments: Any) -> Step | None:
    """The step a transformation stands for; None where it changes nothing.

    Raises:
        InvalidStepError: unknown here, or its arguments are wrong; the message says what would be right.
    """
    if name in _OTHER_READERS:
        raise InvalidStepError(f"The transformation {name!r} is not read here: {_OTHER_READERS[name]}")
    if name not in _STEPS:
        known = ", ".join(["read_json_lines", *_STEPS])
        raise InvalidStepError(f"The transformation {name!r} is not supported here. Known are: {known}.")
    return _STEPS[name](arguments)


def _make_take(arguments: Any) -> Step:
    count = _read_count("take", arguments)
    return lambda lines, report: islice(lines, count)


def _make_skip(arguments: Any) -> Step:
    count = _read_count("skip", arguments)
    return lambda lines, report: islice(lines, count, None)


def _read_count(name: str, arguments: Any) -> int:
    count = arguments.get("count") if isinstance(arguments, dict) else arguments
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise InvalidStepError(f"`{name}` takes a number of rows, not {str(arguments)[:60]!r}.")
    return min(count, 2**62)


def _make_sample(arguments: Any) -> Step:
    given = arguments if isinstance(arguments, dict) else {"probability": arguments}
    share, seed = given.get("probability"), given.get("seed") or 0
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise InvalidStepError("`take_random_sample` takes {probability: 0–1, seed: a number}.")
    if not isinstance(seed, int):
        raise InvalidStepError("The seed of `take_random_sample` is a whole number.")

    def sample(lines: Iterator[Line], report: Report) -> Iterator[Line]:
        draw = random.Random(seed).random
        return (line for line in lines if draw() < share)

    return sample


def _make_filter(arguments: Any) -> Step:
    if not isinstance(arguments, str):
        raise InvalidStepError('`filter` takes an expression, such as \'col("label") == "cat"\'.')
    fits = compile_filter(arguments)

    def keep(lines: Iterator[Line], report: Report) -> Iterator[Line]:
        seen = kept = 0
        for seen, line in enumerate(lines, start=1):  # noqa: B007
            if fits(line.row):
                kept += 1
                yield line
        if seen and not kept:
            report.warning("empty_filter", f"The filter {arguments!r} kept none of {seen:,} rows.", file=line.file)

    return keep


def _make_keep(arguments: Any) -> Step:
    names = frozenset(read_names(arguments))
    return _each_row(lambda row: {name: value for name, value in row.items() if name in names})


def _make_drop(arguments: Any) -> Step:
    names = frozenset(read_names(arguments))
    return _each_row(lambda row: {name: value for name, value in row.items() if name not in names})


def _make_partition(arguments: Any) -> Step:
    text = arguments
    if isinstance(arguments, dict):
        text = arguments.get("partition_format")
        if text is None and len(arguments) == 1:  # YAML reads {name:yyyy/MM/dd} as a mapping
            text = "{" + str(next(iter(arguments))) + "}"
    if not isinstance(text, str):
        raise InvalidStepError(
            "`extract_columns_from_partition_format` takes a format, such as '/{Department}/x.jsonl'."
        )
    pattern = PartitionFormat(text)

    def extract(lines: Iterator[Line], report: Report) -> Iterator[Line]:
        file, columns = "", None
        for line in lines:
            if line.file != file:
                file, columns = line.file, pattern.read(line.file)
                if columns is None:
                    message = f"The path does not fit the partition format {text!r}; no columns were taken from it."
                    report.warning("partition_mismatch", message, file=file)
            if columns:
                line.row |= columns
            yield line

    return extract


def _each_row(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Step:
    def apply(lines: Iterator[Line], report: Report) -> Iterator[Line]:
        for line in lines:
            line.row = change(line.row)
            yield line

    return apply


_STEPS: dict[str, Callable[[Any], Step | None]] = {
    "convert_column_types": make_conversion,
    "take": _make_take,
    "take_random_sample": _make_sample,
    "skip": _make_skip,
    "filter": _make_filter,
    "keep_columns": _make_keep,
    "drop_columns": _make_drop,
    "extract_columns_from_partition_format": _make_partition,
}
_OTHER_READERS = {
    "read_delimited": "a table of images is read as JSON lines. A CSV file needs no MLTable.",
    "read_parquet": "a table of images is read as JSON lines. Write the Parquet file as .jsonl and name that.",
    "read_delta_lake": "a table of images is read as JSON lines. Write the Delta table as .jsonl and name that.",
}
