"""Published weights as their makers wrote them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from vision.architectures import build_architecture
from vision.architectures.weights import load_pretrained


@pytest.mark.data
@pytest.mark.parametrize(
    "file_name", ["efficientnet_lite0_imagenet_timm.pth", "efficientnet_lite0_imagenet_timm_fp16.pth"]
)
def test_published_weights_of_efficientnet_lite_load(file_name: str) -> None:
    built = build_architecture("timm/tf_efficientnet_lite0", 1000)
    weights = Path(os.environ["DARKROOM_DATA"]) / "weights"
    assert not load_pretrained(built, weights / file_name).is_new_head
    assert {tensor.dtype for _, tensor in built.module.named_parameters()} == {torch.float32}
