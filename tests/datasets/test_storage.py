from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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
