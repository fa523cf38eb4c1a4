"""From the manifests a job names to the files a training run reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vision.data.manifest import read_rows, write_manifest
from vision.data.splits import split_indices
from vision.errors import InvalidDatasetError
from vision.spec.facts import DataFacts

DEFAULT_VALIDATION_SIZE = 0.2
"""Azure's share where neither a validation set nor a size is given (SPEC §2.3)."""
Row = dict[str, Any]


@dataclass(frozen=True)
class RunData:
    """Parquet files with the manifest's columns; `label_names` sorted, over training and validation rows."""

    train: Path
    validation: Path
    test: Path | None
    label_names: list[str]
    facts: DataFacts


@dataclass(frozen=True)
class RunRows:
    """The rows of a run by their part."""

    train: list[Row]
    validation: list[Row]
    test: list[Row]

    @property
    def label_names(self) -> list[str]:
        return sorted({label for row in self.train + self.validation for label in row["labels"]})

    @property
    def facts(self) -> DataFacts:
        counts = Counter(label for row in self.train for label in row["labels"])
        return DataFacts(
            train_images=len(self.train),
            validation_images=len(self.validation),
            label_count=len(self.label_names),
            smallest_class=min(counts.values(), default=0),
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
    files = {"train": rows.train, "validation": rows.validation, "test": rows.test}
    paths = {name: out / f"{name}.parquet" for name, part in files.items() if part}
    for name, path in paths.items():
        write_manifest(files[name], path)
    return RunData(paths["train"], paths["validation"], paths.get("test"), rows.label_names, rows.facts)


def select_run_rows(
    manifest: Path, validation_manifest: Path | None, validation_data_size: float | None, seed: int
) -> RunRows:
    """The rows a run trains on, validates on and is tested on.

    Validation is `validation_manifest` if given, else `validation_data_size` of the training rows if given,
    else the manifest's own validation split, else a stratified 20 %.

    Raises:
        InvalidDatasetError: nothing left to train on or to validate on.
    """
    rows = _read(manifest)
    test = [row for row in rows if row["split"] == "test"]
    train = [row for row in rows if row["split"] in ("train", "")]
    own = [row for row in rows if row["split"] == "validation"]
    if not train:  # an upload of its own whose folder spoke of validation
        train, own = own, []
    if validation_manifest is not None:
        validation = _pick_validation(validation_manifest, is_same=validation_manifest == manifest)
    elif validation_data_size is None and own:
        validation = own
    else:
        train, validation = _split(train, validation_data_size or DEFAULT_VALIDATION_SIZE, seed)
    _refuse_empty(train, validation)
    return RunRows(train, validation, test)


def _read(manifest: Path) -> list[Row]:
    rows: list[Row] = read_rows(manifest).drop_columns(["source"]).to_pylist()
    return rows


def _pick_validation(manifest: Path, is_same: bool) -> list[Row]:
    rows = _read(manifest)
    named = [row for row in rows if row["split"] == "validation"]
    # A set uploaded on its own for validation may well say "train" or nothing about its rows
    return named or ([] if is_same else [row for row in rows if row["split"] != "test"])


def _split(train: list[Row], fraction: float, seed: int) -> tuple[list[Row], list[Row]]:
    keys = ["\n".join(sorted(set(row["labels"]))) for row in train]
    kept, aside = split_indices(keys, fraction, seed)
    return [train[index] for index in kept], [train[index] for index in aside]


def _refuse_empty(train: list[Row], validation: list[Row]) -> None:
    if not train:
        raise InvalidDatasetError("The dataset has no training images.", hint="Choose another dataset or version.")
    if not validation:
        raise InvalidDatasetError(
            "There are no images to validate on.",
            hint="Give validation_data another dataset, or leave it out to set a part of the training images aside.",
            code="no_validation_images",
        )
