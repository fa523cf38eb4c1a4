"""XRAI against the saliency package's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from saliency.core import XRAI, XRAIParameters
from saliency.core.base import INPUT_OUTPUT_GRADIENTS
from saliency.core.xrai import _get_segments_felzenszwalb
from torch import nn

from tests.vision.explain.networks import train_small
from vision.explain import explain
from vision.explain.segments import find_segments

pytestmark = pytest.mark.heavy


def make_scene(height=64, width=48):
    rng = np.random.default_rng(5)
    image = rng.normal(0, 0.1, (height, width, 3))
    image[8:30, 6:24, 0] += 2
    image[34:58, 20:44, 2] += 1.5
    return image.astype(np.float32)


def ask_reference(network, image, is_fast):
    def call(points, call_model_args=None, expected_keys=None):
        batch = torch.from_numpy(np.asarray(points, dtype=np.float32)).permute(0, 3, 1, 2).requires_grad_()
        gradients = torch.autograd.grad(network(batch)[:, 0].sum(), batch)[0]
        return {INPUT_OUTPUT_GRADIENTS: gradients.permute(0, 2, 3, 1).numpy()}

    parameters = XRAIParameters(steps=10, algorithm="fast" if is_fast else "full")
    return XRAI().GetMask(image, call, batch_size=4, extra_parameters=parameters)


@pytest.mark.parametrize("is_fast", [True, False])
def test_the_same_regions_as_the_reference(is_fast):
    image, network = make_scene(), train_small(nn.ReLU)
    expected = ask_reference(network, image, is_fast)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    values = explain(network, tensor, 0, "xrai", n_steps=10, xrai_fast=is_fast).values
    assert torch.equal(values[0], values[2])
    np.testing.assert_allclose(values[0].numpy(), expected, rtol=1e-3, atol=1e-6)


def test_segments_are_those_of_the_reference():
    image = make_scene().astype(np.float64)
    expected = np.stack(_get_segments_felzenszwalb(image))
    segments = find_segments(image)
    kept = [mask for mask in expected if mask.any()]
    assert np.array_equal(segments, np.stack(kept))


def test_an_image_of_one_colour_has_one_region():
    values = explain(train_small(nn.ReLU), torch.ones(3, 32, 32), 0, "xrai", n_steps=2).values
    assert values.unique().numel() == 1
