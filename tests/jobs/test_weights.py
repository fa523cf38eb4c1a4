"""Uploaded weights: taken, refused, listed, found by a trial."""

import io
import json
import pickle
import struct

import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from safetensors.torch import save

from jobs.services.weights import bring_weights, list_weights
from vision.catalog.architectures import ARCHITECTURES

pytestmark = [pytest.mark.heavy, pytest.mark.django_db, pytest.mark.services]
NAME = "mobilenet_v2-ours.safetensors"
TENSORS = save({"features.weight": torch.ones(2, 3), "classifier.bias": torch.zeros(4)})


def upload(client, name: str, data: bytes):
    return client.post(reverse("weights:list"), {"file": SimpleUploadedFile(name, data)})


@pytest.fixture
def signed_in(client, owner, storage):
    client.force_login(owner)
    return client


def as_torch(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def test_a_file_is_taken_shown_used_and_deleted(signed_in, tmp_path, settings):
    settings.STUDIO_WEIGHTS_DIR = str(tmp_path)
    mobilenet, resnet = ARCHITECTURES.get("mobilenetv2"), ARCHITECTURES.get("resnet18")
    assert bring_weights(mobilenet, tmp_path / "cache") == tmp_path
    assert upload(signed_in, NAME, TENSORS).status_code == 302
    page = signed_in.get(reverse("weights:list")).content.decode()
    assert NAME in page
    folder = bring_weights(mobilenet, tmp_path / "cache")
    assert (folder / NAME).read_bytes() == TENSORS
    assert bring_weights(resnet, tmp_path / "cache") == tmp_path
    assert signed_in.post(reverse("weights:delete"), {"name": NAME}).status_code == 302
    assert [one for one in list_weights() if one.is_uploaded] == []


@pytest.mark.parametrize("is_set", [True, False])
def test_what_lies_in_the_folder_and_in_torchs_cache_is_shown(signed_in, tmp_path, settings, monkeypatch, is_set):
    folder, cache = tmp_path / "own", tmp_path / "torch" / "hub" / "checkpoints"
    for place, name in ((folder, "mobilenet_v2-ours.pth"), (cache, "resnet18-f37072fd.pth")):
        place.mkdir(parents=True)
        (place / name).write_bytes(b"x")
    settings.STUDIO_WEIGHTS_DIR = str(folder) if is_set else ""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    page = signed_in.get(reverse("weights:list")).content.decode()
    assert ("mobilenet_v2-ours.pth" in page) is is_set
    assert ("set STUDIO_WEIGHTS_DIR" in page) is not is_set
    assert "resnet18-f37072fd.pth" in page.split("By architecture")[1]
    assert str(cache) in page


def test_plain_tensors_of_torch_are_taken(signed_in):
    data = as_torch({"state_dict": {"features.weight": torch.ones(2)}})
    assert upload(signed_in, "resnet18-ours.pth", data).status_code == 302
    assert [one.architectures for one in list_weights() if one.is_uploaded] == [
        ("resnet18", "fasterrcnn_resnet18_fpn", "retinanet_resnet18_fpn", "maskrcnn_resnet18_fpn")
    ]


class Bomb:
    def __reduce__(self):
        return (open, ("/tmp/darkroom-was-here", "w"))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("holiday.safetensors", TENSORS, "No architecture looks for"),
        ("mobilenet_v2-a.exe", b"MZ", "No architecture looks for"),
        ("..%2fmobilenet_v2-a.safetensors", TENSORS, "cannot be a file name"),
        (NAME, b"", "cannot be read"),
        (NAME, TENSORS[:-3], "cut off"),
        (NAME, struct.pack("<Q", 2**40) + b"{}", "longer than the file"),
        (NAME, struct.pack("<Q", 2) + b"[]", "cannot be read"),
        (NAME, struct.pack("<Q", 2) + b"{}", "no tensors"),
        (NAME, struct.pack("<Q", 64) + json.dumps({"a": {"data_offsets": "x"}}).ljust(64).encode(), "cannot be read"),
        ("mobilenet_v2-a.pth", b"not a zip", "cannot be read as a file of tensors"),
        ("mobilenet_v2-a.pth", as_torch({"a": 3}), "no tensors"),
        ("mobilenet_v2-a.pth", pickle.dumps(Bomb()), "cannot be read as a file of tensors"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_kept(signed_in, name, data, words):
    answer = upload(signed_in, name, data)
    assert answer.status_code in (400, 422)
    assert words in answer.content.decode()
    assert [one for one in list_weights() if one.is_uploaded] == []
