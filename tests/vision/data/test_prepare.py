from __future__ import annotations

import pytest

from tests.vision.data.test_manifest import row
from vision.data.manifest import read_rows, write_manifest
from vision.data.prepare import prepare_run_data
from vision.errors import InvalidDatasetError


def make(tmp_path, splits: dict[str, int], name="m"):
    rows, number = [], 0
    for split, count in splits.items():
        for _ in range(count):
            rows.append(row(number) | {"split": split})
            number += 1
    path = tmp_path / f"{name}.parquet"
    write_manifest(rows, path)
    return path


def prepare(tmp_path, manifest, validation=None, size=None, seed=3):
    return prepare_run_data(manifest, validation, size, seed, tmp_path / "out")


def rows_of(path):
    return read_rows(path)["row"].to_pylist()


def test_own_validation_split_is_used(tmp_path):
    data = prepare(tmp_path, make(tmp_path, {"train": 20, "validation": 5, "test": 3}))
    assert (len(rows_of(data.train)), rows_of(data.validation)) == (20, [20, 21, 22, 23, 24])
    assert rows_of(data.test) == [25, 26, 27]
    assert data.facts.train_images == 20
    assert data.facts.smallest_class == 10
    assert data.label_names == ["blau", "rot's"]


def test_size_goes_before_the_own_split(tmp_path):
    data = prepare(tmp_path, make(tmp_path, {"train": 20, "validation": 5}), size=0.5)
    assert data.facts.validation_images == 10
    assert max(rows_of(data.validation)) < 20


def test_fifth_is_set_aside_where_nothing_is_said(tmp_path):
    data = prepare(tmp_path, make(tmp_path, {"train": 20}))
    assert (data.facts.train_images, data.facts.validation_images) == (16, 4)
    assert data.test is None
    assert set(rows_of(data.train)).isdisjoint(rows_of(data.validation))


def test_other_dataset_goes_before_all(tmp_path):
    other = make(tmp_path, {"train": 6}, "other")
    data = prepare(tmp_path, make(tmp_path, {"train": 20, "validation": 5}), validation=other, size=0.5)
    assert (data.facts.train_images, data.facts.validation_images) == (20, 6)


def test_other_dataset_gives_its_validation_rows_where_it_has_some(tmp_path):
    other = make(tmp_path, {"train": 30, "validation": 4}, "other")
    assert prepare(tmp_path, make(tmp_path, {"train": 20}), validation=other).facts.validation_images == 4


def test_validating_on_the_training_rows_is_refused(tmp_path):
    manifest = make(tmp_path, {"train": 20})
    with pytest.raises(InvalidDatasetError, match="validate"):
        prepare(tmp_path, manifest, validation=manifest)


def test_upload_that_only_says_validation_can_be_trained_on(tmp_path):
    data = prepare(tmp_path, make(tmp_path, {"validation": 20}))
    assert (data.facts.train_images, data.facts.validation_images) == (16, 4)


def test_test_rows_alone_are_refused(tmp_path):
    with pytest.raises(InvalidDatasetError, match="no training images"):
        prepare(tmp_path, make(tmp_path, {"test": 20}))


def test_same_arguments_give_the_same_rows(tmp_path):
    manifest = make(tmp_path, {"train": 40})
    first = rows_of(prepare(tmp_path, manifest).validation)
    assert rows_of(prepare(tmp_path, manifest).validation) == first
    assert rows_of(prepare(tmp_path, manifest, seed=4).validation) != first
