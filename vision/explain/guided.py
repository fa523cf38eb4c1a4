"""Guided backpropagation and guided GradCAM, by captum, on a twin of the network whose activations it can hook.

captum guides `nn.ReLU` alone and passes over every other activation in silence, so ReLU6 (MobileNetV2) and GELU
(transformers) get stand-ins that compute the same and are hooked.
"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch.nn.functional as F  # noqa: N812 - the name everyone knows
from captum.attr import GuidedBackprop
from torch import Tensor, nn

from vision.explain.cam import make_cam


class GuidedReLU6(nn.ReLU):
    """ReLU6 that captum takes for a ReLU."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        return F.relu6(input)


class GuidedGELU(nn.ReLU):
    """GELU that captum takes for a ReLU: only positive gradients pass on."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        return F.gelu(input)


class GuidedTanhGELU(nn.ReLU):
    """The same for GELU's tanh approximation."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        return F.gelu(input, approximate="tanh")


def guided_backprop(module: nn.Module, images: Tensor, target: int, **_: Any) -> Tensor:
    """Attribution float32 [1, 3, H, W] of logit `target` for images float32 [1, 3, H, W].

    Source: Springenberg et al., Striving for Simplicity, ICLR 2015 workshop.
    """
    twin = make_guided_twin(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum announces its hooks; the twin is thrown away with them
        values: Tensor = GuidedBackprop(twin).attribute(images, target=target)
    return values


def guided_gradcam(module: nn.Module, images: Tensor, target: int, *, cam_layer: str, **_: Any) -> Tensor:
    """Guided backpropagation times the class activation map of `cam_layer`: float32 [1, 3, H, W].

    Zero everywhere where no place of that layer speaks for the class.

    Source: Selvaraju et al., Grad-CAM, ICCV 2017, §3.2.
    """
    cam = make_cam(module, images, target, cam_layer)
    size = (images.shape[2], images.shape[3])
    return guided_backprop(module, images, target) * F.interpolate(cam, size, mode="bilinear", align_corners=False)


def make_guided_twin(module: nn.Module) -> nn.Module:
    """A copy that shares every tensor with `module` and has activations captum can guide. `module` is left as it is."""
    tensors = [*module.parameters(), *module.buffers()]
    twin = copy.deepcopy(module, {id(tensor): tensor for tensor in tensors})
    for parent in list(twin.modules()):
        for name, child in list(parent.named_children()):
            stand_in = _stand_in(child)
            if stand_in is not None:
                setattr(parent, name, stand_in)
    return twin.eval()


def _stand_in(module: nn.Module) -> nn.Module | None:
    """What takes the place of an activation. Never in place: a hook must still see the input."""
    if isinstance(module, nn.ReLU6):
        return GuidedReLU6()
    if isinstance(module, nn.GELU):
        return GuidedTanhGELU() if module.approximate == "tanh" else GuidedGELU()
    if isinstance(module, nn.ReLU):
        return nn.ReLU()
    return None
