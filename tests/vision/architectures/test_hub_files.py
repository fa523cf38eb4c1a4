"""Fetching from a hub: a small server on this machine speaks what its client asks for."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.vision.architectures.networks import TINY_VIT
from vision.architectures.download import download_from_hub
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_options, find_weights
from vision.errors import NotFoundError, WeightsUnavailableError

NAME = "someone/tiny-net"
FOLDER = "someone--tiny-net"
INFO = ARCHITECTURES.get(NAME)
WEIGHTS = bytes(range(256)) * 40_000
FILES = {
    "config.json": json.dumps(
        TINY_VIT | {"id2label": {"0": "cat"}, "_name_or_path": "x", "auto_map": {"a": "b"}}
    ).encode(),
    "preprocessor_config.json": json.dumps({"image_mean": [0.5, 0.5, 0.5]}).encode(),
    "model.safetensors": WEIGHTS,
}


def ignore(message: str, fraction: float) -> None: ...


@dataclass
class Hub:
    """What a repository of `NAME` offers. `tags`: entity tags other than the SHA-256 of the bytes."""

    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    tags: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gate: bool = False


class Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        self.hub.asked.append(f"{self.command} {self.path}")
        repository, _, rest = self.path[1:].partition("/resolve/")
        name = rest.partition("/")[2]
        content = self.hub.files.get(name, b"")
        missing = "RepoNotFound" if repository != NAME else "" if name in self.hub.files else "EntryNotFound"
        missing = "GatedRepo" if self.hub.gate else missing
        self.send_response((403 if self.hub.gate else 404) if missing else 200)
        if missing:
            self.send_header("X-Error-Code", missing)
        else:
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{self.hub.tags.get(name, hashlib.sha256(content).hexdigest())}"')
        self.send_header("Content-Length", "0" if missing else str(len(content)))
        self.end_headers()
        return b"" if missing else content

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    offered = Hub()
    handler = type("HubHandler", (Handler,), {"hub": offered})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{listening.server_port}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setattr(
            "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
            address + "/{repo_id}/resolve/{revision}/{filename}",
        )
        yield offered
        listening.shutdown()


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_configuration_and_processor_are_fetched_once(hub: Hub, tmp_path: Path) -> None:
    options = find_options(INFO, tmp_path, False, ignore)
    assert options == {"hub_config": TINY_VIT, "hub_processor": {"image_mean": [0.5, 0.5, 0.5]}}
    assert names_in(tmp_path / FOLDER) == ["config.json", "preprocessor_config.json"]
    hub.asked.clear()
    assert find_options(INFO, tmp_path, False, ignore) == options
    assert hub.asked == []


def test_weights_are_fetched_and_told_of(hub: Hub, tmp_path: Path) -> None:
    told: list[float] = []
    path = find_weights(INFO, tmp_path, False, lambda _, fraction: told.append(fraction))
    assert path == tmp_path / FOLDER / "model.safetensors"
    assert path.read_bytes() == WEIGHTS
    assert told[0] == 0
    assert told[-1] == 1
    assert told == sorted(told)
    assert names_in(tmp_path / FOLDER) == ["model.safetensors"]
    assert find_weights(INFO, tmp_path, True, ignore) == path


def test_weights_that_are_not_what_was_promised_are_thrown_away(hub: Hub, tmp_path: Path) -> None:
    hub.tags["model.safetensors"] = hashlib.sha256(b"others").hexdigest()
    with pytest.raises(WeightsUnavailableError, match="arrived damaged"):
        find_weights(INFO, tmp_path, False, ignore)
    assert names_in(tmp_path / FOLDER) == []


def test_a_repository_without_safetensors_is_said_to_be_one(hub: Hub, tmp_path: Path) -> None:
    hub.files["pytorch_model.bin"] = hub.files.pop("model.safetensors")
    with pytest.raises(WeightsUnavailableError, match=r"offers no model\.safetensors, and nothing else is loaded"):
        find_weights(INFO, tmp_path, False, ignore)


def test_a_repository_may_have_no_processor(hub: Hub, tmp_path: Path) -> None:
    del hub.files["preprocessor_config.json"]
    assert find_options(INFO, tmp_path, False, ignore)["hub_processor"] == {}


def test_a_repository_that_is_none_is_not_found(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="The Hub has no network someone/else"):
        find_options(ARCHITECTURES.get("someone/else"), tmp_path, False, ignore)


def test_a_gated_repository_names_the_terms(hub: Hub, tmp_path: Path) -> None:
    hub.gate = True
    with pytest.raises(WeightsUnavailableError, match="accepted its terms"):
        find_options(INFO, tmp_path, False, ignore)


def test_offline_names_the_files_and_where_they_go(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailableError, match="STUDIO_OFFLINE") as caught:
        find_options(INFO, tmp_path, True, ignore)
    for said in ("config.json", "preprocessor_config.json", "model.safetensors", str(tmp_path / FOLDER)):
        assert said in caught.value.hint
    with pytest.raises(WeightsUnavailableError) as caught:
        find_weights(INFO, tmp_path, True, ignore)
    assert f"{FOLDER}/model.safetensors" in caught.value.hint


def test_what_the_hubs_client_has_is_found(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / f"models--{FOLDER}"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    for name, content in FILES.items():
        (snapshot / name).write_bytes(content)
    assert find_options(INFO, tmp_path / "none", True, ignore)["hub_processor"] == {"image_mean": [0.5, 0.5, 0.5]}
    assert find_weights(INFO, tmp_path / "none", True, ignore) == snapshot / "model.safetensors"


def test_timms_weights_come_from_the_repository_that_timm_names(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailableError, match="downloading them failed"):
        find_weights(ARCHITECTURES.get("vits16r224"), tmp_path, False, ignore)
    assert "/timm/vit_small_patch16_224.augreg_in21k_ft_in1k/resolve/main/model.safetensors" in hub.asked[0]
    with pytest.raises(WeightsUnavailableError, match="timm publishes no weights"):
        find_weights(ARCHITECTURES.get("timm/resnet10"), tmp_path, False, ignore)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "config.json").write_bytes(content)
    with pytest.raises(WeightsUnavailableError, match=r"config\.json"):
        find_options(INFO, tmp_path, True, ignore)


def test_a_revision_can_be_named(hub: Hub, tmp_path: Path) -> None:
    download_from_hub(f"{NAME}@v2", "config.json", tmp_path, "c.json", ignore)
    assert any("/resolve/v2/config.json" in asked for asked in hub.asked)
