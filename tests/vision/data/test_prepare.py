from __future__ import annotations

import pytest

from tests.vision.data.test_manifest import row
from vision.data import prepare as preparing
from vision.data.manifest import SCHEMA, read_rows, write_manifest
from vision.data.prepare import measure_run_rows, prepare_run_data, sample_training_rows
from vision.data.tables import RowWriter
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


def rows_with(tmp_path, change, count=40):
    path = tmp_path / "m.parquet"
    write_manifest([row(number) | {"split": "train"} | change(number) for number in range(count)], path)
    return path


def test_rows_of_a_group_are_on_one_side(tmp_path):
    manifest = rows_with(tmp_path, lambda number: {"group": f"part{number // 4}" if number < 36 else ""})
    data = prepare(tmp_path, manifest)
    groups = [set(read_rows(path)["group"].to_pylist()) - {""} for path in (data.train, data.validation)]
    assert groups[0].isdisjoint(groups[1])
    assert groups[0] | groups[1] == {f"part{number}" for number in range(9)}
    assert data.facts.validation_images in range(6, 11)


def test_one_group_of_all_images_cannot_be_split_and_that_is_said(tmp_path):
    with pytest.raises(InvalidDatasetError, match="belong to one group") as refusal:
        prepare(tmp_path, rows_with(tmp_path, lambda number: {"group": "one"}))
    assert refusal.value.code == "no_validation_images"


def test_images_nobody_labelled_are_left_out_of_every_part(tmp_path):
    unlabelled = {"annotation": "null", "labels": [], "objects": 0}
    splits = ("train", "validation", "test")
    manifest = rows_with(
        tmp_path, lambda number: {"split": splits[number % 3]} | (unlabelled if number % 2 else {}), count=60
    )
    data = prepare(tmp_path, manifest)
    parts = [rows_of(path) for path in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [10, 10, 10]
    assert all(number % 2 == 0 for part in parts for number in part)
    assert data.facts.train_images == 10


def test_images_without_objects_stay_and_are_shared_out(tmp_path):
    background = {"annotation": "[]", "labels": [], "objects": 0}
    data = prepare(tmp_path, rows_with(tmp_path, lambda number: background if number < 20 else {}))
    empty = [read_rows(path)["annotation"].to_pylist().count("[]") for path in (data.train, data.validation)]
    assert empty == [16, 4]


def test_all_columns_but_the_upload_s_own_text_are_kept(tmp_path):
    manifest = rows_with(tmp_path, lambda number: {"phash": -number, "problems": ["repaired_label"]})
    written = read_rows(prepare(tmp_path, manifest).train).to_pylist()
    before = {one["row"]: one | {"source": None} for one in read_rows(manifest).to_pylist()}
    assert written == [before[one["row"]] for one in written]


def test_rows_are_found_in_files_of_several_row_groups(tmp_path):
    path = tmp_path / "m.parquet"
    with RowWriter(path, SCHEMA, group=7) as writer:
        for number in range(50):
            writer.add(tuple(row(number)[name] for name in SCHEMA.names))
    data = prepare(tmp_path, path)
    assert rows_of(data.validation) == [4, 9, 14, 19, 24, 29, 34, 39, 44, 49]
    assert rows_of(data.train) == [number for number in range(50) if number % 5 != 4]


CASES = [
    ({"train": 20, "validation": 5, "test": 3}, None),
    ({"": 20}, None),
    ({"train": 20, "validation": 5}, 0.5),
    ({"validation": 30, "test": 2}, None),
    ({"train": 200}, 0.25),
]


@pytest.mark.parametrize(("splits", "size"), CASES)
@pytest.mark.parametrize("other", [None, {"train": 6}, {"train": 30, "validation": 4}])
def test_a_large_manifest_is_counted_without_dividing_it(tmp_path, monkeypatch, splits, size, other):
    manifest = make(tmp_path, splits)
    validation = make(tmp_path, other, "other") if other else None
    few = measure_run_rows(manifest, validation, size)
    monkeypatch.setattr(preparing, "FEW_ROWS", 0)
    assert measure_run_rows(manifest, validation, size) == few == prepare(tmp_path, manifest, validation, size).facts


@pytest.mark.parametrize("few", [0, 1000])
def test_nothing_to_train_on_is_refused_when_it_is_counted(tmp_path, monkeypatch, few):
    monkeypatch.setattr(preparing, "FEW_ROWS", few)
    with pytest.raises(InvalidDatasetError, match="no training images"):
        measure_run_rows(make(tmp_path, {"test": 5}), None, None)


@pytest.mark.parametrize(("splits", "among"), [({"train": 9, "test": 9}, range(9)), ({"validation": 4}, range(4))])
def test_training_rows_are_drawn_by_the_seed(tmp_path, splits, among):
    manifest = make(tmp_path, splits)
    drawn = sample_training_rows(manifest, 6, 1)
    assert len(drawn) == min(6, len(among))
    assert {place for place, _ in drawn} <= set(among)
    assert all(labels for _, labels in drawn)
    assert drawn == sample_training_rows(manifest, 6, 1)
    assert len({tuple(place for place, _ in sample_training_rows(manifest, 6, seed)) for seed in range(9)}) > 1
