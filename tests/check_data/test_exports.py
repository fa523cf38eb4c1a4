"""The real sets exported in every format that holds their labels, and imported again from that format alone."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from datasets import services
from datasets.filters import ItemQuery
from datasets.models import DatasetVersion
from tests.datasets.versions import finish, rows_of
from vision.data.exporting import list_formats
from vision.data.formats import FORMATS

pytestmark = [pytest.mark.data, pytest.mark.django_db]
SETS = ["multiclass_flowers", "multilabel_fruits", "detection_fruits", "segmentation_pennfudan"]
NEAR = 3e-3  # a pixel of 448, and what the way there and back rounds
COVERED = 0.2  # of the image: what a person in front may hide of one behind


def import_file(source: Path, name: str, task_type: str = "", format_name: str = "") -> DatasetVersion:
    return finish(
        services.create_version(
            name=name, file=source, file_name=source.name, user=None, task_type=task_type, format=format_name
        )
    )


def without_tables(archive: Path, target: Path) -> Path:
    """The same archive as a tool of that format would have made it."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w") as copy:
        for entry in source.infolist():
            if "-mltable-folder/" not in entry.filename:
                copy.writestr(entry, source.read(entry))
    return target


@pytest.mark.parametrize("name", SETS)
def test_exports_come_back_the_same(name, storage, tmp_path):
    root = Path(os.environ["DARKROOM_DATA"]) / "data" / name
    packed = tmp_path / "packed"
    for folder in ("images", "training-mltable-folder", "validation-mltable-folder"):
        shutil.copytree(root / folder, packed / folder)
    version = import_file(Path(shutil.make_archive(str(tmp_path / name), "zip", packed)), name)
    expected = by_image(version)
    for format_name in list_formats(version.task_type):
        export = services.create_export(version, format_name, ItemQuery(), None)
        services.make_export(str(export.pk), str(export.token))
        export.refresh_from_db()
        assert export.status == "ready", export.error
        archive = storage / export.key
        if format_name != "jsonl":
            archive = without_tables(archive, tmp_path / f"{format_name}.zip")
        again = import_file(archive, f"{name}-{format_name}", version.task_type)
        assert again.format == format_name
        assert again.report["counts"]["errors"] == 0, again.report["errors"][:3]
        found = by_image(again)
        near = COVERED if "Overlaps are lost" in FORMATS.get(format_name).description else NEAR
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            assert row["split"] == found[key]["split"], (format_name, row["path"])
            check_cell(row["annotation"], found[key]["annotation"], near, f"{format_name}: {row['path']}")


def by_image(version: DatasetVersion) -> dict[tuple[str, str], dict]:
    return {(row["sha256"], row["split"]): row for row in rows_of(version)}


def check_cell(one: Any, other: Any, near: float, where: str) -> None:
    if not isinstance(one, list) or not one or isinstance(one[0], str):
        assert one == other, where
        return
    assert len(one) == len(other), where
    left = list(other)
    for thing in one:
        box = bounds(thing)
        match = next(
            (
                found
                for found in left
                if found["label"] == thing["label"]
                and all(abs(a - b) <= near for a, b in zip(box, bounds(found), strict=True))
            ),
            None,
        )
        assert match is not None, f"{where}: {thing} is not among {left}"
        left.remove(match)


def bounds(thing: dict[str, Any]) -> list[float]:
    if "polygon" not in thing:
        return [thing[key] for key in ("topX", "topY", "bottomX", "bottomY")]
    x = [value for ring in thing["polygon"] for value in ring[::2]]
    y = [value for ring in thing["polygon"] for value in ring[1::2]]
    return [min(x), min(y), max(x), max(y)]
