from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vision.architectures import build_architecture
from vision.architectures.download import download_file
from vision.architectures.weights import load_pretrained, read_tensors
from vision.errors import WeightsUnavailableError

pytestmark = pytest.mark.heavy


def ignore(message: str, fraction: float) -> None: ...


@pytest.mark.parametrize("kind", ["safetensors", "pth", "wrapped"])
@pytest.mark.parametrize("name", ["mobilenetv2", "resnet18", "vits16r224"])
def test_a_file_of_other_classes_loads_all_but_the_head(name: str, kind: str, tmp_path: Path) -> None:
    source = build_architecture(name, 9).module.state_dict()
    path = tmp_path / f"weights.{'safetensors' if kind == 'safetensors' else 'pth'}"
    if kind == "safetensors":
        save_file(source, path)
    else:
        torch.save({"state_dict": source} if kind == "wrapped" else source, path)
    built = build_architecture(name, 4)
    head = built.module.get_submodule(built.heads[0]).weight.clone()
    assert load_pretrained(built, path).is_new_head
    for key, value in built.module.state_dict().items():
        if not key.startswith(f"{built.heads[0]}."):
            assert torch.equal(value, source[key]), key
    assert torch.equal(built.module.get_submodule(built.heads[0]).weight, head)


def test_a_file_of_the_same_classes_loads_its_head_too(tmp_path: Path) -> None:
    source = build_architecture("resnet18", 4).module.state_dict()
    torch.save(source, tmp_path / "weights.pth")
    built = build_architecture("resnet18", 4)
    assert not load_pretrained(built, tmp_path / "weights.pth").is_new_head
    assert torch.equal(built.module.fc.weight, source["fc.weight"])


def test_another_architectures_file_is_refused(tmp_path: Path) -> None:
    torch.save(build_architecture("resnet18", 4).module.state_dict(), tmp_path / "weights.pth")
    with pytest.raises(WeightsUnavailableError, match="does not fit"):
        load_pretrained(build_architecture("mobilenetv2", 4), tmp_path / "weights.pth")


class Surprise:
    def __reduce__(self):
        return (Path("/").exists, ())


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    torch.save({"x": Surprise()}, tmp_path / "weights.pth")
    with pytest.raises(WeightsUnavailableError, match="cannot be read"):
        read_tensors(tmp_path / "weights.pth")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_damaged_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not tensors")
    with pytest.raises(WeightsUnavailableError, match="cannot be read"):
        read_tensors(tmp_path / name)


CONTENT = bytes(range(256)) * 9000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_a_download_is_told_checked_and_put_in_place(tmp_path: Path, server: str) -> None:
    told: list[float] = []
    digest = hashlib.sha256(CONTENT).hexdigest()[:8]
    path = download_file(f"{server}/net-{digest}.pth", tmp_path / "new", lambda _, fraction: told.append(fraction))
    assert path.read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 1


def test_a_damaged_download_leaves_nothing(tmp_path: Path, server: str) -> None:
    with pytest.raises(OSError, match="damaged"):
        download_file(f"{server}/net-00000000.pth", tmp_path / "new", ignore)
    assert list((tmp_path / "new").iterdir()) == []
