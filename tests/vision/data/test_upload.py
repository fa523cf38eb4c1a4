"""Finding the file an image_url means."""

from __future__ import annotations

from pathlib import Path

import pytest

from vision.data.upload import ImageNotFoundError, Upload

FILES = ["set/images/a.jpg", "set/images/b c.jpg", "set/train/MLTable", "set/train/a.jpg", "other/images/z.jpg"]
AZURE = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths"


@pytest.fixture
def upload() -> Upload:
    return Upload(Path("/nowhere"), FILES)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("a.jpg", "set/train/a.jpg"),  # beside the MLTable first
        ("./images/a.jpg", "set/images/a.jpg"),  # then the folder above
        ("other/images/z.jpg", "other/images/z.jpg"),  # then the root
        ("../images/a.jpg", "set/images/a.jpg"),
        ("images\\a.jpg", "set/images/a.jpg"),
        ("images/b%20c.jpg", "set/images/b c.jpg"),
        (f"{AZURE}/set/images/a.jpg", "set/images/a.jpg"),
        (f"{AZURE}/far/away/set/images/a.jpg", "set/images/a.jpg"),
        ("azureml://datastores/d/paths/UI/2024/images/z.jpg", "other/images/z.jpg"),
        ("AmlDatastore://d/images/b c.jpg", "set/images/b c.jpg"),
        ("wasbs://box@account.blob.core.windows.net/x/other/images/z.jpg", "other/images/z.jpg"),
        ("https://example.org/other/images/z.jpg?sig=1", "other/images/z.jpg"),
        ("/home/me/set/images/a.jpg", "set/images/a.jpg"),
        ("C:\\photos\\set\\images\\a.jpg", "set/images/a.jpg"),
    ],
)
def test_resolves(upload, url, file):
    assert upload.resolve(url, "set/train") == file


def test_longest_end_wins(upload):
    assert upload.resolve(f"{AZURE}/x/images/a.jpg", "") == "set/images/a.jpg"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "/etc/passwd", "../../../etc/passwd", "http://[bad/x", "azureml://"]
)
def test_nothing_outside_the_upload_is_found(upload, url):
    with pytest.raises(ImageNotFoundError):
        upload.resolve(url, "set/train")


def test_several_equal_ends_are_said_not_guessed(upload):
    with pytest.raises(ImageNotFoundError, match="fits 2 files"):
        upload.resolve(f"{AZURE}/elsewhere/a.jpg", "")


def test_near_file_is_offered(upload):
    with pytest.raises(ImageNotFoundError, match=r"There is other/images/z\.jpg"):
        upload.resolve("pictures/z.jpg", "set/train")
