from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest

from vision.data.zip_writer import ZipWriter


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "a.zip"
    with ZipWriter(path) as archive:
        assert archive.add("images/ü ✓.jpg", io.BytesIO(b"picture")) == 7
        assert archive.add("labels.json", io.BytesIO(b"label " * 1000), compress=True) == 6000
        archive.add("empty.txt", io.BytesIO(b""), compress=True)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["images/ü ✓.jpg", "labels.json", "empty.txt"]
        assert archive.read("images/ü ✓.jpg") == b"picture"
        assert archive.read("labels.json") == b"label " * 1000
        stored, packed, _ = archive.infolist()
        assert (stored.compress_type, packed.compress_type) == (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        assert packed.compress_size < 100
    assert [one.name for one in tmp_path.iterdir()] == ["a.zip"]


def test_same_content_gives_same_bytes(tmp_path):
    for name in ("a.zip", "b.zip"):
        with ZipWriter(tmp_path / name) as archive:
            archive.add("x", io.BytesIO(b"x" * 100))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.heavy
def test_more_entries_than_an_old_zip_can_count(tmp_path):
    with ZipWriter(tmp_path / "a.zip") as archive:
        for number in range(66_000):
            archive.add(f"{number}", io.BytesIO(b"x"))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.namelist()) == 66_000
        assert archive.read("65999") == b"x"


def test_memory_does_not_grow_with_entries(tmp_path):
    tracemalloc.start()
    try:
        with ZipWriter(tmp_path / "a.zip") as archive:
            for number in range(3_000):
                archive.add(f"{'x' * 200}{number}", io.BytesIO(b"x"))
            assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_exception_leaves_nothing_behind(tmp_path):
    def write() -> None:
        with ZipWriter(tmp_path / "a.zip") as archive:
            archive.add("x", io.BytesIO(b"x"))
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write()
    assert list(tmp_path.iterdir()) == []
