"""A run leaves an ONNX file that answers as its network does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.vision.training.runs import make_run, train
from vision.architectures import build_architecture
from vision.export.onnx_file import OnnxRunner
from vision.training.export import Agreement

pytestmark = pytest.mark.slow


def told(events: list[dict]) -> str:
    assert not [event for event in events if event["type"] == "note" and "onnx" in event["code"]]
    return next(event["message"] for event in events if event["type"] == "log" and "model.onnx" in event["message"])


@pytest.mark.parametrize("is_normalised", [True, False])
def test_a_classifier_answers_the_same_logits(tmp_path: Path, is_normalised: bool) -> None:
    run = make_run(tmp_path, images=4, number_of_epochs=1, enable_onnx_normalization=is_normalised)
    assert "as the network does: accuracy" in told(train(run))
    from safetensors.torch import load_file

    built = build_architecture(run.architecture, 3)
    built.module.load_state_dict(load_file(run.output_dir / "outputs" / "model.safetensors"))
    pixels = torch.randint(0, 256, (3, 3, 32, 32)).float()
    normal = (pixels / 255 - torch.tensor(built.mean).view(1, 3, 1, 1)) / torch.tensor(built.std).view(1, 3, 1, 1)
    (answer,) = OnnxRunner(run.output_dir / "train_artifacts" / "model.onnx")(
        (pixels if is_normalised else normal).numpy()
    )
    np.testing.assert_allclose(answer, built.module.eval()(normal).detach().numpy(), atol=1e-4)


def test_a_difference_is_said_as_one() -> None:
    assert "NOT as the network does" in Agreement("accuracy", 3, 0.9, 0.5).describe()
    assert Agreement("accuracy", 3, 0.9, 0.9).holds
    assert not Agreement("accuracy", 3, None, 0.9).holds
