from __future__ import annotations

import pytest

from vision.data.manifest import count_labels, read_rows, write_manifest


def row(number: int) -> dict:
    label = "rot's" if number % 2 else "blau"
    return {
        "row": number,
        "split": "validation" if number % 5 == 4 else "train",
        "path": f"images/{label}_{number:03d}.jpg",
        "sha256": f"{number:064x}",
        "format": "jpeg",
        "width": 10,
        "height": 20,
        "bytes": 300,
        "labels": [label],
        "objects": 1,
        "problems": [],
        "phash": number - 10,
        "group": "",
        "annotation": f'"{label}"',
        "source_file": "a.jsonl",
        "source_line": number + 1,
        "source": "{}",
    }


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "deep" / "manifest.parquet"
    write_manifest([row(number) for number in range(25)], path)
    return path


def test_round_trip(manifest):
    assert read_rows(manifest).to_pylist() == [row(number) for number in range(25)]


def test_counts_by_split(manifest):
    assert count_labels(manifest) == {"blau": {"train": 10, "validation": 3}, "rot's": {"train": 10, "validation": 2}}
