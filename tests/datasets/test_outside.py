"""Images from outside an upload: datastores of every form, hosts that are allowed, and all that is not."""

from __future__ import annotations

import fsspec
import pytest

from datasets import outside
from datasets.models import Datastore
from datasets.outside import OutsideImages
from tests.datasets.factories import image_bytes
from vision.data.limits import DEFAULT_LIMITS
from vision.data.upload import ImageNotFoundError, Upload
from vision.errors import InvalidImageError

IMAGE = image_bytes()
AZUREML = "azureml://subscriptions/1-2/resourcegroups/g/workspaces/w/datastores/photos/paths/"


@pytest.fixture
def photos(tmp_path, settings):
    folder = tmp_path / "photos"
    (folder / "day one").mkdir(parents=True)
    (folder / "day one" / "a.jpg").write_bytes(IMAGE)
    (folder / "b.jpg").write_bytes(IMAGE)
    (tmp_path / "secret.jpg").write_bytes(IMAGE)
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    return folder


@pytest.fixture
def images(tmp_path):
    """`images(datastore, …)` is the outside of an import."""

    def make(*stores, limits=DEFAULT_LIMITS):
        return OutsideImages(tmp_path / "cache", limits, stores)

    return make


def store(name="photos", location="", prefix=""):
    return Datastore(name=name, location=str(location), prefix=prefix)


@pytest.mark.parametrize(
    "url",
    [
        f"{AZUREML}day one/a.jpg",
        f"{AZUREML}day%20one/a.jpg",
        "azureml://datastores/photos/paths/day one/a.jpg",
        "AzureML://Datastores/photos/paths/day one/a.jpg",
        "AmlDatastore://photos/day one/a.jpg",
        "wasbs://box@plant.blob.core.windows.net/day one/a.jpg",
        "wasbs://box@plant.blob.core.windows.net/day%20one/a.jpg?sv=1",
    ],
)
def test_every_form_leads_to_the_file_where_it_lies(images, photos, url):
    found = images(store(location=photos, prefix="wasbs://box@plant.blob.core.windows.net/"))
    name = found.find(url)
    assert name == "@datastore/photos/day one/a.jpg"
    assert found.path(name) == photos / "day one" / "a.jpg"


def test_the_longest_prefix_wins_and_ends_at_a_slash(images, photos):
    long = store("deep", photos / "day one", "https://cdn.example.com/x/y")
    found = images(store("flat", photos, "https://cdn.example.com/x"), long)
    assert found.find("https://cdn.example.com/x/y/a.jpg") == "@datastore/deep/a.jpg"
    assert found.find("https://cdn.example.com/x/b.jpg") == "@datastore/flat/b.jpg"
    assert found.find("https://cdn.example.com/xx/b.jpg") is None


@pytest.mark.parametrize(
    "url",
    [
        "azureml://datastores/other/paths/a.jpg",
        "azureml://datastores/photos/a.jpg",
        "azureml://jobs/x/outputs/a.jpg",
        "https://example.com/a.jpg",
        "s3://box/a.jpg",
        "a.jpg",
        "",
    ],
)
def test_addresses_that_are_not_ours(images, photos, url):
    assert images(store(location=photos)).find(url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("azureml://datastores/other/paths/a.jpg", "No datastore is called 'other'"),
        ("AmlDatastore://other/a.jpg", "Datastores page"),
        ("https://example.com/a.jpg", "not fetched from example.com, only from cdn.example.com"),
        ("wasbs://box@plant.blob.core.windows.net/a.jpg", "No datastore's address begins like it"),
    ],
)
def test_what_would_make_an_address_ours_is_said(images, photos, tmp_path, settings, url, words):
    settings.STUDIO_IMAGE_HOSTS = "cdn.example.com"
    upload = Upload(tmp_path / "own", ["b.jpg"], images(store(location=photos)))
    for look in (upload.resolve, upload.find):
        with pytest.raises(ImageNotFoundError, match="no file there ends like it.*" + words):
            look(url, "")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.jpg",
        "x/../../secret.jpg",
        "%2e%2e/secret.jpg",
        "..%2fsecret.jpg",
        "/etc/passwd",
        "..\\secret.jpg",
        "a\n.jpg",
    ],
)
def test_paths_that_climb_are_refused(images, photos, path):
    with pytest.raises(ImageNotFoundError, match="leads out"):
        images(store(location=photos)).find(AZUREML + path)


@pytest.mark.parametrize("path", ["none.jpg", "day one", "link.jpg"])
def test_only_plain_files_are_found(images, photos, path):
    with pytest.raises(ImageNotFoundError, match="no such file"):
        images(store(location=photos)).find(AZUREML + path)


def test_a_file_that_became_a_link_meanwhile_is_not_read(images, photos):
    found = images(store(location=photos))
    name = found.find(f"{AZUREML}b.jpg")
    (photos / "b.jpg").unlink()
    (photos / "b.jpg").symlink_to("/etc/passwd")
    with pytest.raises(InvalidImageError):
        found.path(name)


def test_a_datastore_the_administrator_no_longer_allows(images, photos, settings):
    settings.STUDIO_IMPORT_FOLDERS = ""
    with pytest.raises(ImageNotFoundError, match="STUDIO_IMPORT_FOLDERS"):
        images(store(location=photos)).find(f"{AZUREML}b.jpg")


def test_a_datastore_of_another_file_system(images, settings):
    settings.STUDIO_IMPORT_URLS = "memory://bucket/"
    fsspec.filesystem("memory").pipe_file("/bucket/day one/a.jpg", IMAGE)
    found = images(store(location="memory://bucket"))
    name = found.find(f"{AZUREML}day%20one/a.jpg")
    path = found.path(name)
    assert path.read_bytes() == IMAGE
    assert found.path(name) == path
    missing = found.find(f"{AZUREML}none.jpg")
    with pytest.raises(InvalidImageError, match="cannot be fetched"):
        found.path(missing)


def test_an_image_too_large_for_an_import(images, settings, web):
    settings.STUDIO_IMPORT_URLS = "memory://bucket/"
    settings.STUDIO_IMAGE_HOSTS = f"http://{web.host}!"
    fsspec.filesystem("memory").pipe_file("/bucket/big.jpg", b"x" * 5000)
    url = web.serve("/big.jpg", b"x" * 5000)
    small = DEFAULT_LIMITS.model_copy(update={"max_image_bytes": 1000})
    found = images(store(location="memory://bucket"), limits=small)
    for address in (f"{AZUREML}big.jpg", url):
        with pytest.raises(InvalidImageError, match="more than"):
            found.path(found.find(address))


def test_a_datastore_behind_http(images, settings, web):
    settings.STUDIO_IMPORT_URLS = f"{web.url}/box/!"
    web.serve("/box/day%20one/a.jpg", IMAGE)
    found = images(store(location=f"{web.url}/box"))
    assert found.path(found.find(f"{AZUREML}day one/a.jpg")).read_bytes() == IMAGE


def test_images_of_an_allowed_host(images, settings, web):
    settings.STUDIO_IMAGE_HOSTS = f"http://{web.host}!"
    url = web.serve("/sets/a.jpg", IMAGE)
    found = images()
    name = found.find(url)
    assert name == f"@http/{web.host}/sets/a.jpg"
    assert found.path(name).read_bytes() == IMAGE
    assert found.path(name).read_bytes() == IMAGE
    assert web.asked == ["/sets/a.jpg"]


def test_a_key_in_the_query_stays_out_of_the_name(images, settings, web):
    settings.STUDIO_IMAGE_HOSTS = f"http://{web.host}!"
    other = image_bytes((1, 2, 3))
    urls = [web.serve("/a.jpg?sig=secret1", IMAGE), web.serve("/a.jpg?sig=secret2", other)]
    found = images()
    names = [found.find(url) for url in urls]
    assert len(set(names)) == 2
    assert "secret" not in "".join(names)
    assert [found.path(name).read_bytes() for name in names] == [IMAGE, other]


def test_a_host_that_sends_on_elsewhere(images, settings, web):
    settings.STUDIO_IMAGE_HOSTS = f"http://{web.host}!"
    found = images()
    for target in ("http://169.254.169.254/latest/", "http://127.0.0.1:1/", f"http://localhost:{web.port}/a"):
        with pytest.raises(InvalidImageError, match="not allowed"):
            found.path(found.find(web.redirect(f"/{len(target)}.jpg", target)))
    assert not any(path.is_file() for path in found._cache.rglob("*"))


def test_old_images_make_room_for_new_ones(images, settings, web, monkeypatch):
    monkeypatch.setattr(outside, "_MOST_KEPT", 3)
    settings.STUDIO_IMAGE_HOSTS = f"http://{web.host}!"
    found = images()
    names = [found.find(web.serve(f"/{number}.jpg", IMAGE)) for number in range(6)]
    for name in names:
        assert found.path(name).read_bytes() == IMAGE
    assert sum(path.is_file() for path in found._cache.rglob("*")) == 3
    assert found.path(names[0]).read_bytes() == IMAGE


def test_what_the_upload_holds_comes_first(images, photos, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "b.jpg").write_bytes(b"own")
    upload = Upload(tmp_path / "own", ["b.jpg"], images(store(location=photos)))
    assert upload.path(upload.resolve(f"{AZUREML}b.jpg", "")).read_bytes() == b"own"
    assert upload.path(upload.resolve(f"{AZUREML}day one/a.jpg", "")).read_bytes() == IMAGE
