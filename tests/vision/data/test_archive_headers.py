"""Archives whose headers are the bomb: refused before memory or time is spent on them."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile

import pytest

from vision.data.archive import detect_archive, unpack_archive
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.sources import open_source
from vision.errors import InvalidDatasetError


def header(kind: bytes, size: int, name: str = "x") -> bytes:
    """One block of a tar, with a right checksum whatever it says."""
    info = tarfile.TarInfo(name)
    info.type = kind
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = struct.pack(">Bxxxq", 0xFF if size < 0 else 0x80, size)
    if size < 0:
        block[125:128] = b"\xff" * 3
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


SPARSE = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=9\n"
TARS = {
    "a path of gigabytes": (header(b"L", 3 << 30) + bytes(1 << 20), "header of 3,221,225,472 bytes"),
    "attributes of gigabytes": (header(b"x", 3 << 30) + bytes(1 << 20), "header of 3,221,225,472 bytes"),
    "a negative size": (header(b"0", -1024), "negative size"),
    "a sparse file": (header(b"S", 0), "sparse"),
    "a sparse map": (header(b"x", len(SPARSE)) + padded(SPARSE) + header(b"0", 512) + padded(b"9" * 512), "sparse"),
    "a number without end": (header(b"x", 60_000) + padded(b"9" * 60_000), "number without end"),
    "many globals": ((header(b"g", 60_000) + padded(b"60000 a=" + b"b" * 59_992)) * 20, "global headers"),
}


@pytest.mark.parametrize("name", TARS)
def test_tar_headers_are_bounded(tmp_path, name):
    content, words = TARS[name]
    source = tmp_path / "a.tar.gz"
    source.write_bytes(gzip.compress(content + bytes(1024)))
    with pytest.raises(InvalidDatasetError, match=words):
        open_source(source, tmp_path / "out", source.name, DEFAULT_LIMITS, lambda fraction: None)


def test_headers_that_follow_each_other_without_end_are_no_archive(tmp_path):
    (tmp_path / "a.tar").write_bytes((header(b"L", 3) + padded(b"ab\0")) * 3000)
    assert detect_archive(tmp_path / "a.tar") is None


def test_long_and_foreign_names_still_come(tmp_path):
    names = ["deep/" * 30 + "ü ネジ.txt", "b" * 200]
    for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        source = tmp_path / f"{kind}.tar"
        with tarfile.open(source, "w", format=kind, pax_headers={"comment": "git"}) as archive:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = 3
                archive.addfile(info, io.BytesIO(b"abc"))
        assert unpack_archive(source, tmp_path / f"out{kind}") == sorted(names)


def test_what_is_passed_over_counts_as_well(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("__MACOSX/zeros")
        info.size = 20_000_000
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    with pytest.raises(InvalidDatasetError, match="times its size"):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out", ImportLimits(ratio_grace_bytes=2_000_000))


@pytest.mark.heavy
def test_a_zip_of_too_many_files_is_refused_before_it_is_listed(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}", b"")
    monkeypatch.setattr(zipfile.ZipFile, "infolist", lambda self: pytest.fail("it was listed"))
    with pytest.raises(InvalidDatasetError, match="more than 29,999 files"):
        unpack_archive(tmp_path / "a.zip", tmp_path / "out", ImportLimits(max_entries=29_999))
