"""What a weight file gives such a network: all of it, or its backbone alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from vision.architectures.built import Start
from vision.architectures.torchvision_detectors.backbone import BODY

_EPSILON = 1e-5  # FrozenBatchNorm2d's
# The published COCO files bear the names torchvision used before 0.13.
_OLD_NAMES = (
    (re.compile(r"^(backbone\.fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$"), r"\1.0.\2"),
    (re.compile(r"^rpn\.head\.conv\.(weight|bias)$"), r"rpn.head.conv.0.0.\1"),
    (re.compile(r"^roi_heads\.mask_head\.mask_fcn1\."), "roi_heads.mask_head.0.0."),
    (re.compile(r"^roi_heads\.mask_head\.mask_fcn2\."), "roi_heads.mask_head.1.0."),
    (re.compile(r"^roi_heads\.mask_head\.mask_fcn3\."), "roi_heads.mask_head.2.0."),
    (re.compile(r"^roi_heads\.mask_head\.mask_fcn4\."), "roi_heads.mask_head.3.0."),
    (re.compile(r"^head\.(\w+_head)\.conv\.0\.(weight|bias)$"), r"head.\1.conv.0.0.\2"),
    (re.compile(r"^head\.(\w+_head)\.conv\.2\.(weight|bias)$"), r"head.\1.conv.1.0.\2"),
    (re.compile(r"^head\.(\w+_head)\.conv\.4\.(weight|bias)$"), r"head.\1.conv.2.0.\2"),
    (re.compile(r"^head\.(\w+_head)\.conv\.6\.(weight|bias)$"), r"head.\1.conv.3.0.\2"),
)


def read_start(tensors: Mapping[str, Tensor]) -> Start:
    """A classifier's residual network starts the backbone, any other file has to fit the whole."""
    if any(name.startswith("layer1.") for name in tensors):
        body = {f"{BODY}{name}": value for name, value in tensors.items() if not name.startswith("fc.")}
        return Start(body, BODY)
    renamed = {_rename(name): value for name, value in tensors.items()}
    if renamed.keys() == tensors.keys():
        return Start(tensors)
    return Start({name: _add_no_epsilon(name, value) for name, value in renamed.items()})


def _rename(name: str) -> str:
    for pattern, replacement in _OLD_NAMES:
        new, times = pattern.subn(replacement, name)
        if times:
            return new
    return name


def _add_no_epsilon(name: str, value: Tensor) -> Tensor:
    """The old files were trained when the frozen normalisation added nothing to the variance; now it adds 1e-5.

    Source: torchvision's `overwrite_eps`, which it applies to these files. Taking it off the variance does the same,
    and stays with the weights wherever they go.
    """
    is_frozen = name.startswith(BODY) and name.endswith(".running_var")
    return value - _EPSILON if is_frozen else value
