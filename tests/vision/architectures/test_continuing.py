import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vision.architectures import build_architecture
from vision.architectures.continuing import load_run_weights, read_run_weights
from vision.errors import WeightsUnavailableError


def write(path: Path, labels: list[str], architecture: str = "mobilenetv2") -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    weights = build_architecture(architecture, len(labels)).module.state_dict()
    save_file(weights, path, {"architecture": architecture, "label_names": json.dumps(labels)})
    return weights


def load(path: Path, labels: list[str]) -> tuple[dict[str, torch.Tensor], bool]:
    torch.manual_seed(2)
    built = build_architecture("mobilenetv2", len(labels))
    continued = load_run_weights(built, read_run_weights(path), "mobilenetv2", labels)
    return built.module.state_dict(), continued.new_heads


def test_the_same_classes_take_everything_over(tmp_path: Path) -> None:
    given = write(tmp_path / "model.safetensors", ["a", "b", "c"])
    loaded, new_heads = load(tmp_path / "model.safetensors", ["a", "b", "c"])
    assert not new_heads
    assert all(torch.equal(loaded[name], given[name]) for name in given)


@pytest.mark.parametrize("labels", [["a", "c", "b"], ["a", "b", "d"], ["a", "b"], ["a", "b", "c", "d"]])
def test_other_classes_begin_with_a_new_head(tmp_path: Path, labels: list[str]) -> None:
    given = write(tmp_path / "model.safetensors", ["a", "b", "c"])
    loaded, new_heads = load(tmp_path / "model.safetensors", labels)
    assert new_heads
    assert torch.equal(loaded["features.0.0.weight"], given["features.0.0.weight"])
    assert loaded["classifier.1.weight"].shape[0] == len(labels)
    assert not torch.equal(loaded["classifier.1.weight"][:2], given["classifier.1.weight"][:2])


def test_another_architecture_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path / "model.safetensors", ["a", "b"], "resnet18")
    with pytest.raises(WeightsUnavailableError, match="trained resnet18, this one trains mobilenetv2"):
        load(tmp_path / "model.safetensors", ["a", "b"])


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"PK\x03\x04 no tensors here")
    with pytest.raises(WeightsUnavailableError, match="cannot be read"):
        load(tmp_path / "model.safetensors", ["a", "b"])
    save_file({"x": torch.zeros(1)}, tmp_path / "bare.safetensors")
    with pytest.raises(WeightsUnavailableError, match="does not say"):
        load(tmp_path / "bare.safetensors", ["a", "b"])
