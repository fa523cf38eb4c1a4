"""What the administrator's settings let in, and what they do not."""

from __future__ import annotations

import pytest

from datasets.allowed import check_path, check_url, find_image_source
from vision.errors import InvalidDatasetError


@pytest.fixture
def photos(tmp_path, settings):
    folder = tmp_path / "photos"
    (folder / "day").mkdir(parents=True)
    (folder / "day" / "a.zip").write_bytes(b"x")
    (tmp_path / "secret").mkdir()
    settings.STUDIO_IMPORT_FOLDERS = f"/nowhere/at/all:{folder}"
    return folder


def test_below_an_allowed_folder(photos):
    assert check_path(f"{photos}/day") == photos / "day"
    assert check_path(f" {photos}/day/a.zip ") == photos / "day" / "a.zip"
    assert check_path(str(photos)) == photos


@pytest.mark.parametrize(
    "text",
    ["", "/", "/etc/passwd", "day", "./day", "{photos}/../secret", "{photos}-2", "{photos}/\x00", "{photos}/none", "~"],
)
def test_elsewhere_is_refused(photos, text):
    with pytest.raises(InvalidDatasetError) as error:
        check_path(text.replace("{photos}", str(photos)))
    assert error.value.code == "not_allowed"


def test_without_the_setting_nothing_is_allowed_and_that_is_said(photos, settings):
    settings.STUDIO_IMPORT_FOLDERS = ""
    with pytest.raises(InvalidDatasetError, match="STUDIO_IMPORT_FOLDERS"):
        check_path(str(photos))


def test_links_are_refused_on_the_way_and_at_the_end(photos):
    (photos / "way").symlink_to(photos.parent / "secret")
    (photos / "end.zip").symlink_to(photos / "day" / "a.zip")
    (photos.parent / "secret" / "b").mkdir()
    for path in ("way", "way/b", "end.zip"):
        with pytest.raises(InvalidDatasetError, match="link"):
            check_path(str(photos / path))


def test_the_allowed_folder_itself_may_be_a_link(photos, settings, tmp_path):
    (tmp_path / "short").symlink_to(photos)
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path / "short")
    assert check_path(str(tmp_path / "short" / "day")) == photos / "day"


URLS = "s3://photos/plant, https://files.example.com/sets/, http://10.0.0.5:8080/!"


@pytest.mark.parametrize(
    ("url", "allows_private"),
    [
        ("s3://photos/plant/2024", False),
        ("s3://photos/plant", False),
        ("https://files.example.com/sets/a.zip?sig=1", False),
        ("http://10.0.0.5:8080/a.zip", True),
    ],
)
def test_addresses_that_begin_like_an_allowed_one(settings, url, allows_private):
    settings.STUDIO_IMPORT_URLS = URLS
    assert check_url(url).allows_private is allows_private


@pytest.mark.parametrize(
    "url",
    [
        "s3://photos/plants",
        "s3://photos/plant/../../etc",
        "s3://photos/plant/%2e%2e/x",
        "s3://photos/plant/%252e%252e/x",
        "s3://photos/plant/x::file:///etc/passwd",
        "zip://a::s3://photos/plant/a.zip",
        "file:///etc/passwd",
        "/etc/passwd",
        "local:///etc/passwd",
        "https://files.example.com.evil.org/sets/a.zip",
        "https://files.example.com@evil.org/sets/a.zip",
        "https://files.example.com/other/a.zip",
        "HTTPS://evil.org",
        "s3://photos/plant/a\nb",
        "s3://photos/plant\\x",
        "http://[::1/x",
        "http://10.0.0.5:8080x/",
        "",
    ],
)
def test_other_addresses_are_refused(settings, url):
    settings.STUDIO_IMPORT_URLS = URLS
    with pytest.raises(InvalidDatasetError) as error:
        check_url(url)
    assert error.value.code == "not_allowed"


def test_a_secret_in_an_address_is_not_repeated(settings):
    settings.STUDIO_IMPORT_URLS = URLS
    assert check_url("https://files.example.com/sets/a.zip?sig=secret").shown.endswith("a.zip")
    with pytest.raises(InvalidDatasetError) as error:
        check_url("https://evil.org/a.zip?sig=secret")
    assert "secret" not in str(error.value)


HOSTS = "photos.example.com, *.blob.example.net, http://cam.local:8080!, cdn.example.com:8443"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://photos.example.com/a.jpg", True),
        ("https://PHOTOS.example.com:443/a.jpg", True),
        ("https://photos.example.com./a.jpg", True),
        ("http://photos.example.com/a.jpg", False),
        ("https://photos.example.com:8443/a.jpg", False),
        ("https://cdn.example.com:8443/a.jpg", True),
        ("https://cdn.example.com/a.jpg", False),
        ("https://plant.blob.example.net/a.jpg", True),
        ("https://blob.example.net/a.jpg", False),
        ("https://evilblob.example.net/a.jpg", False),
        ("http://cam.local:8080/a.jpg", True),
        ("https://photos.example.com@evil.org/a.jpg", False),
        ("https://user:pass@photos.example.com/a.jpg", False),
        ("https://photos.example.com.evil.org/a.jpg", False),
        ("ftp://photos.example.com/a.jpg", False),
        ("https://photos.example.com/../a.jpg", False),
        ("//photos.example.com/a.jpg", False),
    ],
)
def test_hosts_of_images(settings, url, found):
    settings.STUDIO_IMAGE_HOSTS = HOSTS
    assert (find_image_source(url) is not None) is found
