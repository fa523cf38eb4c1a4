"""The published files: whole networks pickled by ultralytics, in half precision."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vision.architectures import build_architecture, yolov5
from vision.architectures.weights import load_pretrained
from vision.architectures.yolov5.library import ASSETS, NETWORKS, DetectionModel, read_yaml
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_weights
from vision.errors import WeightsUnavailableError

NANO = ARCHITECTURES.get("yolov5").of_size("nano")


def ignore(message: str, fraction: float) -> None: ...


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as ultralytics writes it."""
    torch.manual_seed(3)
    layout = {**read_yaml(NETWORKS / "yolov5.yaml"), "scale": "n"}
    model = DetectionModel(layout, ch=3, nc=80, verbose=False).half()
    path = tmp_path_factory.mktemp("weights") / "yolov5nu.pt"
    torch.save({"model": model, "ema": None, "epoch": -1, "train_args": {"lr0": 0.01}, "version": "8.4.190"}, path)
    return path


@pytest.mark.heavy
@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_the_published_weights_start_all_but_the_class_layers(published: Path, tmp_path: Path, ending: str) -> None:
    expected = torch.load(published, weights_only=False)["model"].float().state_dict()
    path = published
    if ending == ".safetensors":
        path = tmp_path / "yolov5nu.safetensors"
        save_file(expected, path)
    assert find_weights(NANO, path.parent, True, ignore) == path
    built = build_architecture("yolov5", 3, {"model_size": "nano"})
    loaded = load_pretrained(built, path)
    assert loaded.is_new_head
    for name, tensor in built.module.state_dict().items():
        if not name.startswith(built.heads):
            assert torch.equal(tensor, expected[name]), name
    assert not load_pretrained(build_architecture("yolov5", 80, {"model_size": "nano"}), path).is_new_head


def test_another_size_is_not_taken_for_this_one(published: Path) -> None:
    with pytest.raises(WeightsUnavailableError, match="YOLOv5 small") as caught:
        find_weights(ARCHITECTURES.get("yolov5").of_size("small"), published.parent, True, ignore)
    assert "yolov5su.safetensors" in caught.value.hint
    assert "pretrained: none" in caught.value.hint
    with pytest.raises(WeightsUnavailableError, match="does not fit"):
        load_pretrained(build_architecture("yolov5", 3, {"model_size": "small"}), published)


@pytest.fixture
def server(published: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(published.parent))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_a_download_is_told_and_loads(
    published: Path, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(yolov5, "ASSETS", server)
    told: list[float] = []
    path = find_weights(NANO, tmp_path / "mine", False, lambda _, fraction: told.append(fraction))
    assert path == tmp_path / "mine" / "yolov5nu.pt"
    assert path.read_bytes() == published.read_bytes()
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_address_is_the_librarys_own() -> None:
    from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES

    assert ASSETS.endswith("ultralytics/assets/releases/download/v8.4.0")
    assert all(f"{size.network}u.pt" in GITHUB_ASSETS_NAMES for size in ARCHITECTURES.get("yolov5").sizes)
