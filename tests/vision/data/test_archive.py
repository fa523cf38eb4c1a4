"""Unpacking: what is taken and what is refused by name."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile

import pytest

from vision.data.archive import detect_archive, unpack_archive
from vision.data.limits import ImportLimits
from vision.errors import InvalidDatasetError


def make_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def make_tar(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar_is_unpacked(tmp_path, mode):
    source = make_tar(tmp_path / "a.bin", [("x/a.txt", b"one"), ("./b.txt", b"two")], mode)
    assert detect_archive(source) == "tar"
    assert unpack_archive(source, tmp_path / "out") == ["b.txt", "x/a.txt"]
    assert (tmp_path / "out/x/a.txt").read_bytes() == b"one"


def test_zip_is_unpacked_without_litter(tmp_path):
    entries = [("x/a.txt", "one"), ("__MACOSX/x/._a.txt", "-"), (".DS_Store", "-"), ("x/._a.txt", "-"), ("empty/", "")]
    assert unpack_archive(make_zip(tmp_path / "a.zip", entries), tmp_path / "out") == ["x/a.txt"]


def test_text_is_no_archive(tmp_path):
    (tmp_path / "a.zip").write_text('{"image_url": "x"}\n')
    assert detect_archive(tmp_path / "a.zip") is None


@pytest.mark.parametrize(
    "name", ["../a", "x/../../a", "/etc/passwd", "C:/a", "C:\\a", "..\\a", "\\\\host\\a", "a\x07b", "x/" * 70 + "a"]
)
def test_path_tricks_are_refused_by_name(tmp_path, name):
    source = make_zip(tmp_path / "a.zip", [("fine.txt", "x"), (name, "x")])
    with pytest.raises(InvalidDatasetError) as caught:
        unpack_archive(source, tmp_path / "deep/er/out")
    assert [detail.file for detail in caught.value.details] == [name[:300]]
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert written <= {"a.zip", "fine.txt"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    source = make_tar(tmp_path / "a.tar", [(link("evil", "/etc/passwd", kind), b""), ("evil/x", b"y")], "w")
    with pytest.raises(InvalidDatasetError, match="1 of its entries is not"):
        unpack_archive(source, tmp_path / "out")
    assert not (tmp_path / "out/evil").is_symlink()


def test_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("evil")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(InvalidDatasetError):
        unpack_archive(make_zip(tmp_path / "a.zip", [(info, "/etc/passwd")]), tmp_path / "out")


def test_every_bad_entry_is_named_in_one_error(tmp_path):
    source = make_zip(tmp_path / "a.zip", [(f"../{number}", "x") for number in range(5)])
    with pytest.raises(InvalidDatasetError) as caught:
        unpack_archive(source, tmp_path / "out")
    assert len(caught.value.details) == 5


def test_path_given_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        source = make_zip(tmp_path / "a.zip", [("a", "1"), ("a", "2")])
    with pytest.raises(InvalidDatasetError) as caught:
        unpack_archive(source, tmp_path / "out")
    assert "twice" in caught.value.details[0].message


def test_bomb_stops_at_its_ratio(tmp_path):
    source = make_zip(tmp_path / "a.zip", [("zeros.bmp", bytes(20_000_000))])
    with pytest.raises(InvalidDatasetError, match="times its size"):
        unpack_archive(source, tmp_path / "out", ImportLimits(ratio_grace_bytes=2_000_000))
    assert (tmp_path / "out/zeros.bmp").stat().st_size < 8_000_000


@pytest.mark.parametrize(
    "limits", [ImportLimits(max_entries=2), ImportLimits(max_file_bytes=900), ImportLimits(max_unpacked_bytes=2500)]
)
def test_limits_hold(tmp_path, limits):
    source = make_zip(tmp_path / "a.zip", [(f"{number}.txt", "x" * 1000) for number in range(3)])
    with pytest.raises(InvalidDatasetError) as caught:
        unpack_archive(source, tmp_path / "out", limits)
    assert caught.value.code == "archive_too_large"


def test_full_disk_is_said(tmp_path):
    source = make_zip(tmp_path / "a.zip", [("a.txt", "x" * 1000)])
    with pytest.raises(InvalidDatasetError, match="disk space"):
        unpack_archive(source, tmp_path / "out", ImportLimits(keep_free_bytes=1 << 60))


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_cut_archive_is_said_to_be_damaged_or_none(tmp_path, kind, cut):
    import os

    make = make_zip if kind == "zip" else make_tar
    source = make(tmp_path / "a.bin", [(f"{number}", os.urandom(3000)) for number in range(20)])
    source.write_bytes(source.read_bytes()[: int(source.stat().st_size * cut)])
    if detect_archive(source) is None:
        return
    with pytest.raises(InvalidDatasetError, match="damaged"):
        unpack_archive(source, tmp_path / "out")


def test_damaged_content_is_said(tmp_path):
    source = make_zip(tmp_path / "a.zip", [("a.txt", "hello world " * 500)])
    data = bytearray(source.read_bytes())
    data[45:60] = b"\xff" * 15
    source.write_bytes(data)
    with pytest.raises(InvalidDatasetError, match="damaged"):
        unpack_archive(source, tmp_path / "out")


def test_progress_reaches_the_end(tmp_path):
    seen = []
    unpack_archive(make_zip(tmp_path / "a.zip", [("a", "1"), ("b", "2")]), tmp_path / "out", on_progress=seen.append)
    assert seen[-1] == 1.0
