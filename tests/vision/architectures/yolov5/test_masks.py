"""Against ultralytics' own model, loss and mask arithmetic: the same weights must give the same."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim.swa_utils import update_bn
from torchvision.ops import box_convert

from vision.architectures import build_architecture
from vision.architectures.continuing import load_run_weights, read_run_weights
from vision.architectures.detection import DetectionLimits, Targets
from vision.architectures.weights import load_pretrained
from vision.architectures.yolov5.library import NETWORKS, SegmentationModel, read_yaml
from vision.architectures.yolov5.masks import YoloV5Masks, shrink_masks
from vision.architectures.yolov5.network import SCALES
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_weights
from vision.errors import WeightsUnavailableError
from vision.export.finding import Canvas, finding_graph
from vision.export.onnx_file import Colours, OnnxRunner, write_onnx

pytestmark = pytest.mark.heavy

SIDE = 64
SIZES = torch.tensor([[SIDE, SIDE], [SIDE, SIDE]])
INFO = ARCHITECTURES.get("yolov5_seg")
NANO = INFO.of_size("nano")


def images() -> Tensor:
    return torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def objects() -> Targets:
    """Ellipses, whose edges no box has; the second overlaps with the first."""
    boxes = torch.tensor([[4.0, 6, 40, 50], [20, 20, 60, 44], [8, 8, 30, 60]])
    masks = np.zeros((3, SIDE, SIDE), dtype=np.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes.tolist(), strict=True):
        middle, axes = (
            (int(left + right) // 2, int(top + bottom) // 2),
            (int(right - left) // 2, int(bottom - top) // 2),
        )
        cv2.ellipse(mask, middle, axes, 0, 0, 360, 1, -1)
    return Targets(boxes, torch.tensor([0, 2, 1]), torch.tensor([0, 0, 1]), torch.from_numpy(masks))


def no_objects() -> Targets:
    nothing = torch.zeros(0, dtype=torch.int64)
    return Targets(torch.zeros(0, 4), nothing, nothing, torch.zeros(0, SIDE, SIDE, dtype=torch.uint8))


def theirs(classes: int) -> Any:
    layout = read_yaml(NETWORKS / "yolov5.yaml")
    layout["head"][-1] = [[17, 20, 23], 1, "Segment", ["nc", 32, 256]]
    model = SegmentationModel({**layout, "scale": "n"}, ch=3, nc=classes, verbose=False)
    model.args = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5, overlap_mask=False)
    return model


@pytest.fixture(scope="module")
def pair() -> tuple[YoloV5Masks, Any]:
    """The same network twice: with the classes of COCO ours is built exactly like theirs."""
    torch.manual_seed(4)
    reference, network = theirs(80), YoloV5Masks("nano", 80)
    for coefficients, scores in zip(reference.model[-1].cv4, reference.model[-1].cv3, strict=True):
        torch.nn.init.normal_(coefficients[-1].weight, std=1.0)  # at random every mask is the same grey,
        torch.nn.init.normal_(scores[-1].bias)  # and every class scores the same
    update_bn([images()], reference)  # features fade away by statistics of no image,
    for layer in reference.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_var += 0.1  # and grow without bounds where two images of noise hardly differ
    network.load_state_dict(reference.state_dict())
    return network, reference


def test_losses_are_the_librarys_per_image(pair: tuple[YoloV5Masks, Any]) -> None:
    network, reference = pair[0].train(), pair[1].train()
    targets = objects()
    small = np.stack([cv2.resize(mask, (SIDE // 4, SIDE // 4)) for mask in targets.masks.numpy()])
    batch = {
        "img": images(),
        "batch_idx": targets.image.float(),
        "cls": targets.labels.float(),
        "bboxes": box_convert(targets.boxes, "xyxy", "cxcywh") / SIDE,
        "masks": torch.from_numpy(small),
    }
    losses = network(images(), SIZES, targets).losses
    expected, _ = reference(batch)  # times the two images of the batch, and a fifth that is none here
    assert list(losses) == ["box", "mask", "class", "distribution"]
    torch.testing.assert_close(torch.stack(list(losses.values())), expected[:4] / 2)
    assert losses["mask"] > 0


def test_masks_are_halved_twice_as_the_library_does() -> None:
    random = torch.Generator().manual_seed(2)
    masks = (torch.rand(3, SIDE, 2 * SIDE, generator=random) > 0.5).to(torch.uint8)
    expected = [cv2.resize(mask, (SIDE // 2, SIDE // 4)) for mask in masks.numpy()]
    assert np.array_equal(shrink_masks(masks).numpy(), np.stack(expected))


def test_boxes_scores_and_masks_are_those_of_the_library(pair: tuple[YoloV5Masks, Any]) -> None:
    from ultralytics.utils.nms import non_max_suppression
    from ultralytics.utils.ops import process_mask

    network, reference = pair[0].eval(), pair[1].eval()
    with torch.inference_mode():
        (decoded, prototypes), _ = reference(images())
        scores = decoded[:, 4:84].amax(dim=(1, 2))
        lowest = float(scores.min()) * 0.999  # a network at random is sure of nothing
        network.limits = DetectionLimits(score=lowest, nms_iou=0.5, per_image=20)
        found = network(images(), SIZES).detections
        expected = non_max_suppression(decoded, lowest, 0.5, max_det=20, multi_label=True, nc=80)
    assert sum(map(len, expected)) > 0
    for one, rows, prototype in zip(found, expected, prototypes, strict=True):
        assert one.masks.shape == (len(one), SIDE // 4, SIDE // 4)
        torch.testing.assert_close(one.scores, rows[:, 4])
        torch.testing.assert_close(one.boxes, rows[:, :4].clamp(0, SIDE), atol=1e-3, rtol=1e-5)
        drawn = process_mask(prototype, rows[:, 6:], rows[:, :4], (SIDE, SIDE))
        for mask, theirs_cropped, box in zip(one.masks, drawn, rows[:, :4] / 4, strict=True):
            left, top, right, bottom = box.clamp(0, SIDE / 4).ceil().int().tolist()
            inside = (slice(top, bottom), slice(left, right))
            assert torch.equal(mask[inside] > 0.5, theirs_cropped[inside].bool())


def test_training_reaches_every_weight_with_objects_or_without() -> None:
    """Without which training in several processes would wait for ever."""
    torch.manual_seed(4)
    network = YoloV5Masks("nano", 3).train()
    for targets in (objects(), no_objects(), objects().of(1)):
        network.zero_grad()
        output = network(images(), SIZES, targets)
        assert output.detections == []
        sum(output.losses.values(), torch.zeros(())).backward()
        for name, weight in network.named_parameters():
            if weight.requires_grad:
                assert weight.grad is not None, name
                assert weight.grad.isfinite().all(), name
    with pytest.raises(ValueError, match="masks"):
        network(images(), SIZES, objects()._replace(masks=None))


def test_half_precision_draws_and_scores_in_full() -> None:
    torch.manual_seed(4)
    network = YoloV5Masks("nano", 3).train()
    with torch.autocast("cpu", torch.bfloat16):
        losses = network(images(), SIZES, objects()).losses
        network.limits = DetectionLimits(score=0.0, per_image=3)
        found = network.eval()(images(), SIZES).detections[0]
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    assert found.boxes.dtype == found.scores.dtype == found.masks.dtype == torch.float32
    network.limits = DetectionLimits(score=1.0)
    assert network(images(), SIZES).detections[0].masks.shape == (0, SIDE // 4, SIDE // 4)


@pytest.mark.parametrize("size", ["nano", "medium"])
def test_sizes_have_the_weights_the_catalogue_tells(size: str) -> None:
    built = build_architecture("yolov5_seg", 5, {"model_size": size})
    millions = sum(weight.numel() for weight in built.module.parameters()) / 1e6
    told = INFO.of_size(size)
    assert millions == pytest.approx(told.parameters_millions, rel=0.02)
    assert millions * 4 == pytest.approx(told.size_mb, rel=0.05)
    assert [one.name for one in INFO.sizes] == list(SCALES)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights for boxes, which are all that is published."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("weights") / "yolov5nu.safetensors"
    save_file(build_architecture("yolov5", 80, {"model_size": "nano"}).module.state_dict(), path)
    return path


def test_the_weights_for_boxes_start_all_but_the_masks_and_it_is_said(published: Path) -> None:
    assert find_weights(NANO, published.parent, True, lambda message, fraction: None) == published
    built = build_architecture("yolov5_seg", 3, {"model_size": "nano"})
    before = {name: tensor.clone() for name, tensor in built.module.state_dict().items()}
    told = load_pretrained(built, published).describe()
    assert "all but the masks" in told
    assert "depend on the classes" in told
    expected = build_architecture("yolov5", 80, {"model_size": "nano"})
    load_pretrained(expected, published)
    given, at_random = expected.module.state_dict(), (*built.heads, "model.24.proto", "model.24.cv4")
    for name, tensor in built.module.state_dict().items():
        source = before if name.startswith(at_random) else given
        assert torch.equal(tensor, source[name]), name


def test_weights_of_its_own_go_first_and_have_to_fit_whole(published: Path, tmp_path: Path) -> None:
    built = build_architecture("yolov5_seg", 80, {"model_size": "nano"})
    own = tmp_path / "yolov5nu-seg.safetensors"
    tensors = built.module.state_dict()
    save_file(tensors, own)
    (tmp_path / published.name).write_bytes(published.read_bytes())
    assert find_weights(NANO, tmp_path, True, lambda message, fraction: None) == own
    assert load_pretrained(built, own).describe() == "starts the whole network"
    del tensors["model.24.proto.cv3.conv.weight"]
    save_file(tensors, own)
    with pytest.raises(WeightsUnavailableError, match="does not fit"):
        load_pretrained(built, own)


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c"]])
def test_a_run_goes_on_from_another_ones_masks_whatever_its_classes(tmp_path: Path, labels: list[str]) -> None:
    earlier = build_architecture("yolov5_seg", 2, {"model_size": "nano"})
    path, given = tmp_path / "model.safetensors", earlier.module.state_dict()
    save_file(given, path, {"architecture": "yolov5_seg", "label_names": json.dumps(["a", "b"])})
    built = build_architecture("yolov5_seg", len(labels), {"model_size": "nano"})
    assert load_run_weights(built, read_run_weights(path), "yolov5_seg", labels).new_heads == (len(labels) == 3)
    kept = [name for name in given if len(labels) == 2 or not name.startswith(built.heads)]
    assert all(torch.equal(built.module.state_dict()[name], given[name]) for name in kept)


def test_the_file_finds_the_same_masks_in_plain_pixels(pair: tuple[YoloV5Masks, Any], tmp_path: Path) -> None:
    network = pair[0].eval()
    pixels = (images()[:1] * 255).round()
    network.limits = DetectionLimits(score=0.0, per_image=7)
    with torch.inference_mode():
        (expected,) = network(pixels / 255, SIZES[:1]).detections
    colours, canvas = Colours((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), Canvas(SIDE, SIDE, (114,) * 3)
    graph = finding_graph(network, colours, canvas, {})
    write_onnx(graph, tmp_path / "model.onnx")
    boxes, labels, scores, masks = map(torch.from_numpy, OnnxRunner(tmp_path / "model.onnx")(pixels.numpy()))
    assert len(boxes) == 7
    torch.testing.assert_close(boxes, expected.boxes, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(scores, expected.scores, atol=1e-6, rtol=1e-3)
    assert torch.equal(labels, expected.labels)
    torch.testing.assert_close(masks, expected.masks, atol=1e-4, rtol=1e-3)
    assert "every 4 px" in str(graph.facts["masks"])
