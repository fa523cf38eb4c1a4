from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from datasets import storage as files


def test_one_key_written_by_many_at_once_is_whole(storage, tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(bytes(200_000))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: files.put_file(source, "blobs/ab/abcd"), range(64)))
        list(pool.map(lambda _: files.write_bytes("thumbs/ab/abcd.webp", bytes(1_000)), range(64)))
    assert files.read_bytes("blobs/ab/abcd") == source.read_bytes()
    assert files.list_files("blobs") == ["ab/abcd"]
    assert files.list_files("thumbs") == ["ab/abcd.webp"]


def test_what_fails_half_way_leaves_nothing(storage, tmp_path):
    with pytest.raises(FileNotFoundError):
        files.put_file(tmp_path / "missing", "blobs/ab/abcd")
    assert not files.exists("blobs/ab/abcd")
    assert list(files.local_path("blobs/ab").iterdir()) == []


@pytest.mark.parametrize("key", ["/etc/passwd", "blobs/../../x"])
def test_a_key_never_leaves_the_storage(storage, key):
    with pytest.raises(ValueError, match="not a storage key"):
        files.write_bytes(key, b"x")


@pytest.fixture(params=["local", "remote"])
def kept(request, settings, tmp_path):
    settings.STORAGE_URL = tmp_path.as_uri() if request.param == "local" else f"memory://{uuid.uuid4().hex}"


@pytest.mark.usefixtures("kept")
def test_folders_right_below_a_folder():
    assert files.list_folders("uploads") == []
    for key in ("uploads/b/files/x.jpg", "uploads/a/y.zip", "uploads/z.txt"):
        files.write_bytes(key, b"x")
    assert files.list_folders("uploads") == ["a", "b"]


@pytest.mark.usefixtures("kept")
def test_when_the_newest_file_was_written():
    files.write_bytes("uploads/a/y.zip", b"x")
    assert abs(files.find_newest("uploads/a") - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.usefixtures("kept")
def test_files_are_renamed_over_others():
    files.write_bytes("blobs/aa/one", b"new")
    files.write_bytes("trash/1/blobs/aa/one", b"old")
    assert files.move_file("blobs/aa/one", "trash/1/blobs/aa/one")
    assert files.read_bytes("trash/1/blobs/aa/one") == b"new"
    assert not files.exists("blobs/aa/one")
    assert not files.move_file("blobs/aa/one", "trash/1/blobs/aa/one")
    assert files.move_file("trash/1/blobs/aa/one", "blobs/aa/one")
    assert files.read_bytes("blobs/aa/one") == b"new"
