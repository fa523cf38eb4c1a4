from __future__ import annotations

import pytest
import torch
from torchvision.models.detection import FasterRCNN

from tests.vision.architectures.torchvision_detectors.scenes import BUILDERS
from vision.architectures.torchvision_detectors.proposals import FULL, REDUCED, choose_proposals


@pytest.mark.parametrize("kind", ["fasterrcnn", "maskrcnn"])
@pytest.mark.parametrize(
    ("choice", "counts"), [("full", (2000, 2000, 1000, 1000, 512)), ("reduced", (400, 200, 200, 100, 64))]
)
def test_the_network_looks_at_as_many_regions(kind: str, choice: str, counts: tuple[int, ...]) -> None:
    with torch.device("meta"):
        network = BUILDERS[kind]("resnet18", 2, {"proposals": choice}).module
    rpn = network.rpn.train()
    seen = [rpn.pre_nms_top_n(), rpn.post_nms_top_n()]
    rpn.eval()
    seen += [rpn.pre_nms_top_n(), rpn.post_nms_top_n(), network.roi_heads.fg_bg_sampler.batch_size_per_image]
    assert tuple(seen) == counts


def test_left_out_it_is_all_as_in_the_library() -> None:
    assert choose_proposals({}) is FULL
    given = FasterRCNN.__init__.__defaults__
    assert set(FULL.as_arguments().values()) <= set(given)


def test_auto_is_few_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for has_gpu, expected in ((True, FULL), (False, REDUCED)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda has_gpu=has_gpu: has_gpu)
        assert choose_proposals({"proposals": "auto"}) is expected
