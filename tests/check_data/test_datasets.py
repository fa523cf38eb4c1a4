"""The real multi-class set, each of its JSONL variants imported from a zip as a user packs it."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from datasets import selectors, services
from datasets.models import DatasetVersion
from vision.data.manifest import count_labels, read_rows
from vision.data.prepare import prepare_run_data
from vision.data.query import query_rows

pytestmark = [pytest.mark.data, pytest.mark.django_db]
FLOWERS = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]


@pytest.fixture
def flowers() -> Path:
    return Path(os.environ["DARKROOM_DATA"]) / "data" / "multiclass_flowers"


def pack(target: Path, root: Path, folders: list[str], prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for folder in folders:
            base = root / Path(folder).parent if folder.startswith("azureml") else root
            for file in sorted(path for path in (root / folder).rglob("*") if path.is_file()):
                archive.write(file, prefix + file.relative_to(base).as_posix())
    return target


def run(archive: Path) -> DatasetVersion:
    version = services.create_version(name="flowers", file=archive, file_name=archive.name, user=None)
    services.import_version(version.pk, str(version.token))
    version.refresh_from_db()
    assert version.status == "ready", version.error
    return version


@pytest.mark.parametrize("prefix", ["", "multiclass_flowers/"])
def test_plain_jsonl_with_both_mltable_folders(flowers, storage, tmp_path, prefix):
    folders = ["images", "training-mltable-folder", "validation-mltable-folder"]
    version = run(pack(tmp_path / "flowers.zip", flowers, folders, prefix))
    assert version.split_counts == {"train": 240, "validation": 60}
    assert version.label_names == FLOWERS
    assert count_labels(selectors.manifest_path(version)) == {
        flower: {"train": 48, "validation": 12} for flower in FLOWERS
    }
    assert (version.report["errors"], version.report["warnings"]) == ([], [])


def test_azureml_addresses_are_found_in_the_archive(flowers, storage, tmp_path):
    variant = "azureml-uri-variant"
    folders = ["images", f"{variant}/training-mltable-folder", f"{variant}/validation-mltable-folder"]
    version = run(pack(tmp_path / "flowers.zip", flowers, folders))
    assert version.split_counts == {"train": 20, "validation": 20}
    assert version.report["errors"] == []
    rows = query_rows(selectors.manifest_path(version), limit=100).rows
    assert all(row["path"].split("/")[1] == row["labels"][0] for row in rows)


def test_jsonl_alone_without_its_mltable(flowers, storage, tmp_path):
    archive = tmp_path / "flowers.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for file in sorted((flowers / "images").rglob("*.jpg")):
            target.write(file, file.relative_to(flowers).as_posix())
        target.write(flowers / "training-mltable-folder/train_annotations.jsonl", "train_annotations.jsonl")
    version = run(archive)
    assert version.split_counts == {"train": 240}
    data = prepare_run_data(selectors.manifest_path(version), None, 0.25, 1, tmp_path / "run")
    shares = Counter(labels[0] for labels in read_rows(data.validation)["labels"].to_pylist())
    assert shares == dict.fromkeys(FLOWERS, 12)


def test_every_image_has_the_size_its_line_claims(flowers, storage, tmp_path):
    folders = ["images", "training-mltable-folder", "validation-mltable-folder"]
    version = run(pack(tmp_path / "flowers.zip", flowers, folders))
    assert "size_mismatch" not in version.report["counts"]["by_code"]
    assert version.statistics["formats"] == {"jpeg": 300}
