from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from vision.architectures import build_architecture
from vision.export.onnx_file import Graph, OnnxRunner, WithNormalisation, write_onnx

MEAN, STD = (0.2, 0.5, 0.7), (0.1, 0.2, 0.4)


def make_graph(module: nn.Module, **facts: object) -> Graph:
    free = {"input1": {0: "batch"}, "output1": {0: "batch"}}
    return Graph(WithNormalisation(module, MEAN, STD), torch.zeros(2, 3, 64, 64), ("output1",), free, facts)


@pytest.mark.heavy
def test_the_file_takes_plain_pixels_and_answers_as_the_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = build_architecture("resnet18", 4).module.eval()
    path = tmp_path / "artifacts" / "model.onnx"
    write_onnx(make_graph(module), path)
    pixels = torch.randint(0, 256, (3, 3, 64, 64)).float()
    normal = (pixels / 255 - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    expected = module(normal).detach().numpy()
    (answer,) = OnnxRunner(path)(pixels.numpy())
    assert answer.shape == (3, 4)  # another batch size than it was traced with
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_the_facts_are_in_the_file(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    write_onnx(make_graph(module, labels=["Ähre", "b"], task="image_classification"), tmp_path / "model.onnx")
    written = {entry.key: entry.value for entry in onnx.load(str(tmp_path / "model.onnx")).metadata_props}
    assert written == {"labels": '["Ähre", "b"]', "task": "image_classification"}


def test_a_failed_export_leaves_nothing(tmp_path: Path) -> None:
    class Unwritable(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("cannot be traced")

    with pytest.raises(RuntimeError, match="cannot be traced"):
        write_onnx(make_graph(Unwritable()), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
