"""Against a real server of the S3 protocol: a bucket to import from, datastores in it, and Darkroom's own storage."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest
from moto.server import ThreadedMotoServer

from datasets import selectors, services, storage
from datasets.models import DatasetVersion, Datastore
from tests.datasets.factories import create_ready_version, dataset_files, image_bytes, json_lines

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def server():
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def bucket(server, monkeypatch) -> str:
    """The name of a new one; address and keys are in the environment, as a user gives them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = f"plant-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def put(bucket: str, files: dict[str, bytes | str]) -> None:
    client = boto3.client("s3")
    for name, content in files.items():
        client.put_object(Bucket=bucket, Key=name, Body=content)


def create(api, **fields) -> DatasetVersion:
    answer = api.post("/api/v1/datasets", json.dumps(fields), content_type="application/json")
    assert answer.status_code == 202, answer.content
    version = DatasetVersion.objects.get(dataset__name=answer.json()["name"])
    services.import_version(version.pk, str(version.token))
    version.refresh_from_db()
    return version


def test_a_folder_of_a_bucket_becomes_a_version(api, settings, bucket, storage_folder):
    settings.STUDIO_IMPORT_URLS = f"s3://{bucket}/sets/"
    put(bucket, {f"sets/parts/{name}": content for name, content in dataset_files().items()})
    version = create(api, name="parts", url=f"s3://{bucket}/sets/parts")
    assert (version.status, version.image_count) == ("ready", 16), version.error


def test_a_bucket_that_is_not_there_is_said(api, settings, bucket, storage_folder):
    settings.STUDIO_IMPORT_URLS = "s3://nobody-has-this/"
    version = create(api, name="parts", url="s3://nobody-has-this/parts")
    assert (version.status, version.error["code"]) == ("failed", "unreadable_source")
    assert "s3://nobody-has-this/parts" in version.error["message"]


def test_addresses_of_azure_lead_into_a_bucket(settings, bucket, storage_folder):
    settings.STUDIO_IMPORT_URLS = f"s3://{bucket}/"
    Datastore.objects.create(name="workspaceblobstore", location=f"s3://{bucket}/blobs/")
    address = "azureml://subscriptions/s/resourcegroups/r/workspaces/w/datastores/workspaceblobstore/paths/photos"
    put(bucket, {f"blobs/photos/{n}.jpg": image_bytes(size=(40 + n, 30)) for n in range(12)})
    rows = [{"image_url": f"{address}/{n}.jpg", "label": "red"} for n in range(12)]
    version = create_ready_version(files={"train.jsonl": json_lines(rows)})
    assert version.image_count == 12, version.report
    assert version.report["counts"]["errors"] == 0


def test_everything_can_be_kept_in_a_bucket(settings, bucket):
    settings.STORAGE_URL = f"s3://{bucket}/darkroom"
    version = create_ready_version()
    assert version.image_count == 16
    page = selectors.list_items(version, limit=5)
    assert len(page.rows) == 5
    assert storage.read_bytes(storage.thumb_key(page.rows[0]["sha256"]))[:4] == b"RIFF"
    stored = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="darkroom/blobs/")
    assert stored["KeyCount"] == 16
    services.delete_version(version, force=False)
    assert boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="darkroom/blobs/")["KeyCount"] == 0


@pytest.fixture
def storage_folder(tmp_path, settings):
    settings.STORAGE_URL = tmp_path.as_uri()
