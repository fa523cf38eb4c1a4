"""From the manifests a job names to the files a training run reads. Images nobody labelled are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vision.data.databases import connect
from vision.data.manifest import SCHEMA
from vision.data.reading import ask
from vision.data.splits import split_rows
from vision.data.tables import RowWriter
from vision.errors import InvalidDatasetError
from vision.spec.facts import DataFacts

DEFAULT_VALIDATION_SIZE = 0.2
"""Azure's share where neither a validation set nor a size is given (SPEC §2.3)."""
FEW_ROWS = 20_000
"""Of a manifest: the parts of a run are counted by dividing them. More are reckoned by their shares."""
_LABELLED = "read_parquet(?, file_row_number = true) WHERE annotation <> 'null'"
_NARROW = f'SELECT file_row_number AS place, split, labels, "group" FROM {_LABELLED} ORDER BY place'
_ROWS = f"SELECT split, count(*) FROM {_LABELLED} GROUP BY split"
_LABELS = f"""
    SELECT split, label, count(*) FROM (SELECT split, unnest(list_distinct(labels)) AS label FROM {_LABELLED})
    GROUP BY split, label
"""
_SAMPLE = f"""
    SELECT file_row_number AS place, labels FROM {_LABELLED} AND list_contains(?, split)
    ORDER BY hash(place, ?), place LIMIT ?
"""


@dataclass(frozen=True)
class RunData:
    """Parquet files with the manifest's columns; `label_names` sorted, over training and validation rows."""

    train: Path
    validation: Path
    test: Path | None
    label_names: list[str]
    facts: DataFacts


@dataclass(frozen=True)
class RowSet:
    """Rows of a manifest: where each stands in the file (`place`), with its `split`, `labels` and `group`."""

    manifest: Path
    table: pa.Table

    @classmethod
    def read(cls, manifest: Path) -> RowSet:
        with connect(manifest.parent) as database:
            return cls(manifest, database.sql(_NARROW, params=[str(manifest)]).to_arrow_table())

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def in_split(self, *splits: str) -> RowSet:
        return RowSet(self.manifest, self.table.filter(pc.is_in(self.table["split"], pa.array(splits, pa.string()))))

    def take(self, indices: list[int]) -> RowSet:
        return RowSet(self.manifest, self.table.take(pa.array(indices, pa.int64())))

    def count_labels(self) -> dict[str, int]:
        """Rows with each label."""
        counted = pc.value_counts(pc.list_flatten(self.table["labels"])).to_pylist()
        return {entry["values"]: entry["counts"] for entry in counted}

    def divide(self, fraction: float, seed: int) -> tuple[RowSet, RowSet]:
        labels = [sorted(set(labels)) for labels in self.table["labels"].to_pylist()]
        kept, aside = split_rows(labels, fraction, seed, _number_groups(self.table["group"]))
        return self.take(kept), self.take(aside)


@dataclass(frozen=True)
class RowCounts:
    """How many rows of a manifest there are in each split, and of these with each label; none of them is held."""

    rows: Mapping[str, int]
    labels: Mapping[tuple[str, str], int]  # by split and label

    @classmethod
    def read(cls, manifest: Path) -> RowCounts:
        rows = dict(ask(_ROWS, [str(manifest)]))
        return cls(rows, {(split, label): count for split, label, count in ask(_LABELS, [str(manifest)])})

    def __len__(self) -> int:
        return sum(self.rows.values())

    def in_split(self, *splits: str) -> RowCounts:
        return RowCounts(
            {split: count for split, count in self.rows.items() if split in splits},
            {key: count for key, count in self.labels.items() if key[0] in splits},
        )

    def count_labels(self) -> dict[str, int]:
        """Rows with each label."""
        counted: Counter[str] = Counter()
        for (_, label), count in self.labels.items():
            counted[label] += count
        return dict(counted)

    def divide(self, fraction: float, seed: int) -> tuple[RowCounts, RowCounts]:
        """By the shares; groups may in truth keep some rows more on one side."""
        aside = RowCounts(_share(self.rows, fraction), _share(self.labels, fraction))
        return RowCounts(_less(self.rows, aside.rows), _less(self.labels, aside.labels)), aside


Rows = TypeVar("Rows", RowSet, RowCounts)
Key = TypeVar("Key")


@dataclass(frozen=True)
class RunRows(Generic[Rows]):
    """The rows of a run by their part."""

    train: Rows
    validation: Rows
    test: Rows

    @property
    def label_names(self) -> list[str]:
        return sorted({*self.train.count_labels(), *self.validation.count_labels()})

    @property
    def facts(self) -> DataFacts:
        return DataFacts(
            train_images=len(self.train),
            validation_images=len(self.validation),
            label_count=len(self.label_names),
            smallest_class=min(self.train.count_labels().values(), default=0),
        )


def prepare_run_data(
    manifest: Path,
    validation_manifest: Path | None,
    validation_data_size: float | None,
    seed: int,
    out: Path,
) -> RunData:
    """Choose the rows of a run and write them below `out`, row numbers kept. The same arguments give the same files.

    Raises:
        InvalidDatasetError: nothing left to train on or to validate on.
    """
    rows = select_run_rows(manifest, validation_manifest, validation_data_size, seed)
    parts = {"train": rows.train, "validation": rows.validation, "test": rows.test}
    paths = {name: _write(part, out / f"{name}.parquet") for name, part in parts.items() if len(part)}
    return RunData(paths["train"], paths["validation"], paths.get("test"), rows.label_names, rows.facts)


def select_run_rows(
    manifest: Path, validation_manifest: Path | None, validation_data_size: float | None, seed: int
) -> RunRows[RowSet]:
    """The rows a run trains on, validates on and is tested on.

    Validation is `validation_manifest` if given, else `validation_data_size` of the training rows if given,
    else the manifest's own validation split, else a stratified 20 %. Rows of one group are on one side.

    Raises:
        InvalidDatasetError: nothing left to train on or to validate on.
    """
    return _select(RowSet.read, manifest, validation_manifest, validation_data_size, seed)


def measure_run_rows(manifest: Path, validation_manifest: Path | None, validation_data_size: float | None) -> DataFacts:
    """The facts of what `select_run_rows` chooses, without holding the rows of a large manifest: where a part of more
    than `FEW_ROWS` rows is to be set aside, it is reckoned by its share.

    Raises:
        InvalidDatasetError: nothing left to train on or to validate on.
    """
    if pq.read_metadata(manifest).num_rows <= FEW_ROWS:  # the seed moves images between the parts, not their sizes
        return select_run_rows(manifest, validation_manifest, validation_data_size, 0).facts
    return _select(RowCounts.read, manifest, validation_manifest, validation_data_size, 0).facts


def sample_training_rows(manifest: Path, count: int, seed: int) -> list[tuple[int, list[str]]]:
    """Places and labels of up to `count` rows of the training split; the same seed gives the same."""
    there = {split for split, _ in ask(_ROWS, [str(manifest)])}
    splits = ["train", ""] if there & {"train", ""} else ["validation"]
    return ask(_SAMPLE, [str(manifest), splits, seed, count])


def _select(
    read: Callable[[Path], Rows],
    manifest: Path,
    validation_manifest: Path | None,
    validation_data_size: float | None,
    seed: int,
) -> RunRows[Rows]:
    rows = read(manifest)
    train, own = rows.in_split("train", ""), rows.in_split("validation")
    if not len(train):  # an upload of its own whose folder spoke of validation
        train, own = own, train
    is_split = False
    if validation_manifest is not None:
        validation = _pick_validation(read(validation_manifest), is_same=validation_manifest == manifest)
    elif validation_data_size is None and len(own):
        validation = own
    else:
        train, validation = train.divide(validation_data_size or DEFAULT_VALIDATION_SIZE, seed)
        is_split = True
    _refuse_empty(train, validation, is_split)
    return RunRows(train, validation, rows.in_split("test"))


def _pick_validation(rows: Rows, is_same: bool) -> Rows:
    named = rows.in_split("validation")
    # A set uploaded on its own for validation may well say "train" or nothing about its rows
    return named if len(named) or is_same else rows.in_split("train", "")


def _share(counts: Mapping[Key, int], fraction: float) -> dict[Key, int]:
    return {key: round(count * fraction) for key, count in counts.items()}


def _less(counts: Mapping[Key, int], others: Mapping[Key, int]) -> dict[Key, int]:
    return {key: count - others[key] for key, count in counts.items()}


def _number_groups(groups: pa.ChunkedArray) -> NDArray[np.int64]:
    """A code for each row: that of its group, or one of its own where it has none."""
    named = groups.combine_chunks().fill_null("")
    codes = named.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    alone = pc.equal(named, "").to_numpy(zero_copy_only=False)
    return np.where(alone, -1 - np.arange(len(codes)), codes)


def _write(rows: RowSet, path: Path) -> Path:
    """Copy the rows out of the manifest, a row group in memory at a time; the uploaded annotation stays behind."""
    places = rows.table["place"].to_numpy()
    columns = [name for name in SCHEMA.names if name != "source"]
    start = 0
    with pq.ParquetFile(rows.manifest) as file, RowWriter(path, SCHEMA) as writer:
        for index in range(file.num_row_groups):
            end = start + file.metadata.row_group(index).num_rows
            first, last = np.searchsorted(places, [start, end])
            if first < last:
                group = file.read_row_group(index, columns=columns).take(pa.array(places[first:last] - start))
                source = pa.nulls(group.num_rows, pa.string())
                writer.add_table(group.append_column("source", source).select(SCHEMA.names).cast(SCHEMA))
            start = end
    return path


def _refuse_empty(train: Rows, validation: Rows, is_split: bool) -> None:
    if not len(train):
        raise InvalidDatasetError("The dataset has no training images.", hint="Choose another dataset or version.")
    if len(validation):
        return
    if is_split and len(train) > 1:
        raise InvalidDatasetError(
            "There are no images to validate on: all training images belong to one group, which stays in one split.",
            hint="Give validation_data another dataset, or import again with smaller groups.",
            code="no_validation_images",
        )
    raise InvalidDatasetError(
        "There are no images to validate on.",
        hint="Give validation_data another dataset, or leave it out to set a part of the training images aside.",
        code="no_validation_images",
    )
