from __future__ import annotations

import pytest

from tests.vision.data.manifests import manifest, row
from vision.data.databases import connect
from vision.data.naming import create_names

NAMES = {
    "images/a.jpg": "a.jpg",
    "a.jpg": "a-2.jpg",
    "A.jpg": "A-3.jpg",
    "a-2.jpg": "a-2-2.jpg",
    "b/../a.png": "b/a.png",
    "/etc/x.png": "etc/x.png",
    "@store/y.png": "store/y.png",
    "c\\d.jpg": "c/d.jpg",
    "no extension": "no extension.jpeg",
    "v1.2/scan": "v1.2/scan.jpeg",
    "..": "image.jpeg",
    'a:b?"c".png': "a_b__c_.png",
    "ü ✓.TIF": "ü ✓.TIF",
}


def name_all(tmp_path, paths: list[str]) -> list[str]:
    rows = [row(number, "red", path=path) for number, path in enumerate(paths)]
    with connect(tmp_path) as database:
        create_names(database, manifest(tmp_path / "m.parquet", rows))
        return [name for (name,) in database.execute("SELECT name FROM names ORDER BY row").fetchall()]


def test_names_are_paths_that_leave_no_folder(tmp_path):
    assert dict(zip(NAMES, name_all(tmp_path, list(NAMES)), strict=True)) == NAMES


@pytest.mark.parametrize("paths", [["a.jpg"] * 5 + ["a-2.jpg", "a-3.jpg"], ["a-2.jpg", "a.jpg", "images/a.jpg"]])
def test_no_two_names_are_alike(tmp_path, paths):
    names = name_all(tmp_path, paths)
    assert len({name.casefold() for name in names}) == len(paths)
