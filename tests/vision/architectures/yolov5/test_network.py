"""Against ultralytics' own model and loss: the same weights must give the same boxes, scores and losses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from vision.architectures import build_architecture
from vision.architectures.built import freeze_layers
from vision.architectures.detection import DetectionLimits, Targets
from vision.architectures.yolov5.library import NETWORKS, DetectionModel, read_yaml
from vision.architectures.yolov5.network import SCALES, YoloV5
from vision.catalog.architectures import ARCHITECTURES
from vision.export.finding import Canvas, finding_graph
from vision.export.onnx_file import Colours, OnnxRunner, write_onnx

pytestmark = pytest.mark.heavy

SIDE = 64
SIZES = torch.tensor([[SIDE, SIDE], [SIDE, SIDE]])


def images(count: int = 2) -> Tensor:
    return torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def objects() -> Targets:
    boxes = torch.tensor([[4.0, 6, 40, 50], [20, 20, 60, 44], [8, 8, 30, 60]])
    return Targets(boxes, torch.tensor([0, 2, 1]), torch.tensor([0, 0, 1]))


def theirs(classes: int) -> Any:
    torch.manual_seed(4)
    model = DetectionModel({**read_yaml(NETWORKS / "yolov5.yaml"), "scale": "n"}, ch=3, nc=classes, verbose=False)
    model.args = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5)
    return model


def ours(classes: int = 3) -> YoloV5:
    torch.manual_seed(4)
    return YoloV5("nano", classes)


@pytest.fixture(scope="module")
def pair() -> tuple[YoloV5, Any]:
    """The same network twice: with the classes of COCO ours is built exactly like theirs."""
    reference, network = theirs(80), ours(80)
    network.load_state_dict(reference.state_dict())
    return network, reference


def test_boxes_and_scores_are_those_of_the_library(pair: tuple[YoloV5, Any]) -> None:
    network, reference = pair[0].eval(), pair[1].eval()
    with torch.inference_mode():
        boxes, scores = network.score_places(images())
        expected = reference(images())[0].transpose(1, 2)
    torch.testing.assert_close(boxes, box_convert(expected[..., :4], "cxcywh", "xyxy"), atol=1e-3, rtol=1e-5)
    torch.testing.assert_close(scores, expected[..., 4:])


def test_losses_are_the_librarys_per_image(pair: tuple[YoloV5, Any]) -> None:
    network, reference = pair[0].train(), pair[1].train()
    targets = objects()
    batch = {
        "img": images(),
        "batch_idx": targets.image.float(),
        "cls": targets.labels.float(),
        "bboxes": box_convert(targets.boxes, "xyxy", "cxcywh") / SIDE,
    }
    losses = network(images(), SIZES, targets).losses
    expected, _ = reference(batch)  # times the two images of the batch
    assert list(losses) == ["box", "class", "distribution"]
    torch.testing.assert_close(torch.stack(list(losses.values())), expected / 2)


def test_a_batch_twice_as_long_costs_the_same() -> None:
    network, once = ours().eval(), objects()
    twice = Targets(once.boxes.repeat(2, 1), once.labels.repeat(2), torch.cat([once.image, once.image + 2]))
    losses = network(images(), SIZES, once).losses
    doubled = network(images().repeat(2, 1, 1, 1), SIZES.repeat(2, 1), twice).losses
    for name, loss in losses.items():
        torch.testing.assert_close(doubled[name], loss)


def test_training_gives_losses_alone_and_evaluation_both() -> None:
    network = ours().train()
    training = network(images(), SIZES, objects())
    assert not training.detections
    sum(training.losses.values(), torch.zeros(())).backward()
    assert network.get_submodule("model.0.conv").weight.grad.abs().sum() > 0
    network.eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.inference_mode():
        evaluated = network(images(), SIZES, objects())
        alone = network(images(), SIZES)
    assert len(evaluated.detections) == len(alone.detections) == 2
    assert not alone.losses
    assert evaluated.losses.keys() == training.losses.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_images_without_objects_are_learnt_from() -> None:
    network = ours().train()
    nothing = Targets(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64))
    losses = network(images(), SIZES, nothing).losses
    assert losses["box"].item() == losses["distribution"].item() == 0
    assert 0 < losses["class"].item() < network.loss_limit
    sum(losses.values(), torch.zeros(())).backward()


def settle_quickly(network: YoloV5, momentum: float) -> None:
    """Let the running averages of normalisation follow within few steps."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = momentum


def eager(limits: DetectionLimits) -> list[Any]:
    """What a network finds that sees something of some size nearly everywhere."""
    network = ours().train()
    settle_quickly(network, 1.0)
    network(images(), SIZES, objects())
    network.eval()
    for level in range(3):
        torch.nn.init.normal_(network.head.cv3[level][-1].weight, std=0.5)
        torch.nn.init.zeros_(network.head.cv3[level][-1].bias)
        torch.nn.init.normal_(network.head.cv2[level][-1].weight, std=1.0)
    network.limits = limits
    with torch.inference_mode():
        return network(images(), torch.tensor([[SIDE, SIDE], [40, 50]])).detections


def test_detections_obey_the_limits() -> None:
    loose = eager(DetectionLimits(score=0.01, nms_iou=0.9, per_image=1000))
    assert all(len(found) > 12 for found in loose)
    strict = eager(DetectionLimits(score=0.3, nms_iou=0.5, per_image=7))
    for found in strict:
        assert 0 < len(found) <= 7
        assert (found.scores >= 0.3).all()
        assert (found.scores.diff() <= 0).all()
        for label in found.labels.unique():
            boxes = found.boxes[found.labels == label]
            assert (box_iou(boxes, boxes).triu(1) <= 0.5 + 1e-5).all()


def test_boxes_stay_within_the_picture() -> None:
    for found, (height, width) in zip(eager(DetectionLimits(0.01, 0.9, 1000)), [(SIDE, SIDE), (40, 50)], strict=True):
        assert (found.boxes >= 0).all()
        assert (found.boxes[:, 2] <= width).all()
        assert (found.boxes[:, 3] <= height).all()
        assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()


def test_half_precision_decodes_and_scores_in_full() -> None:
    network = ours().train()
    with torch.autocast("cpu", torch.bfloat16):
        losses = network(images(), SIZES, objects()).losses
        boxes, scores = network.eval().score_places(images())
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    assert boxes.dtype == scores.dtype == torch.float32


def test_places_far_out_stay_apart_in_half_precision() -> None:
    network = ours().eval()
    for level in range(3):
        torch.nn.init.zeros_(network.head.cv2[level][-1].weight)
        torch.nn.init.zeros_(network.head.cv2[level][-1].bias)
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        boxes, _ = network.score_places(torch.zeros(1, 3, 32, 4096))
    centres = (boxes[0, : 512 * 4, 0] + boxes[0, : 512 * 4, 2]) / 2  # of the finest map, row by row
    assert torch.equal(centres[:512], torch.arange(512) * 8 + 4.0)


def test_a_side_that_does_not_fit_the_stride_is_told() -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        ours()(torch.rand(1, 3, 50, 64), torch.tensor([[50, 64]]))


@pytest.mark.parametrize("size", ["nano", "small", "medium"])
def test_sizes_have_the_weights_the_catalogue_tells(size: str) -> None:
    built = build_architecture("yolov5", 5, {"model_size": size})
    millions = sum(weight.numel() for weight in built.module.parameters()) / 1e6
    told = ARCHITECTURES.get("yolov5").of_size(size)
    assert millions == pytest.approx(told.parameters_millions, rel=0.02)
    assert millions * 4 == pytest.approx(told.size_mb, rel=0.05)


def test_every_size_of_the_catalogue_can_be_built() -> None:
    assert [size.name for size in ARCHITECTURES.get("yolov5").sizes] == list(SCALES)
    assert ARCHITECTURES.get("yolov5").of_size(None).parameters_millions == 25.1


def test_the_backbone_freezes_and_the_heads_depend_on_the_classes() -> None:
    few, many = (build_architecture("yolov5", count, {"model_size": "nano"}) for count in (2, 90))
    differing = {
        name for name, tensor in few.module.state_dict().items() if tensor.shape != many.module.state_dict()[name].shape
    }
    assert differing == {f"{head}.{kind}" for head in few.heads for kind in ("weight", "bias")}
    frozen = freeze_layers(few, 10)
    assert not any(weight.requires_grad for module in frozen for weight in module.parameters())
    assert all(weight.requires_grad for weight in few.module.get_submodule("model.13").parameters())
    assert len(few.freeze_groups) == ARCHITECTURES.get("yolov5").max_layers_to_freeze


def test_the_same_seed_builds_the_same_weights() -> None:
    first, second = ours().state_dict(), ours().state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_what_was_trained_on_is_found() -> None:
    torch.manual_seed(2)
    network, random = ours(), torch.Generator().manual_seed(5)
    settle_quickly(network, 0.1)
    corners = torch.randint(4, 28, (8, 2), generator=random)
    boxes = torch.cat([corners, corners + torch.randint(20, 34, (8, 2), generator=random)], dim=1)
    targets = Targets(boxes.float(), torch.arange(8) % 3, torch.arange(8))
    pictures = torch.full((8, 3, SIDE, SIDE), 0.4)
    for place, (left, top, right, bottom) in enumerate(boxes.tolist()):
        pictures[place, place % 3, top:bottom, left:right] = 0.9
    sizes = torch.full((8, 2), SIDE)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.SGD(weights, lr=0.01, momentum=0.9, nesterov=True)
    told = []
    for _ in range(120):
        loss = sum(network(pictures, sizes, targets).losses.values(), torch.zeros(()))
        told.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert told[-1] < 0.3 * told[0]
    network.eval()
    with torch.inference_mode():
        found = network(pictures, sizes).detections
    best = [
        (int(one.labels[0]), float(box_iou(one.boxes[:1], targets.of(place).boxes))) for place, one in enumerate(found)
    ]
    assert [label for label, _ in best] == targets.labels.tolist()
    assert all(overlap > 0.7 for _, overlap in best), best


def test_the_file_looks_at_as_many_places_as_an_image_has(tmp_path: Path) -> None:
    """It is traced on an image without anything."""
    network = ours()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # it knows such images after one batch: what they show comes through to the scores
    network.train()(images(), SIZES, objects())
    for branch in network.eval().head.cv3:
        torch.nn.init.normal_(branch[-1].weight, std=1.0)
    bright, dark = (images() * torch.tensor([255.0, 40.0]).view(2, 1, 1, 1)).split(1)
    with torch.no_grad():
        _, probabilities = network.score_places(bright / 255)
    ordered = probabilities.flatten().sort().values
    middle = len(ordered) // 2
    between = middle + (ordered[middle:].diff() > 1e-6).int().argmax()  # rounding brings no score to the other side
    score = (ordered[between] + ordered[between + 1]).item() / 2
    network.limits = DetectionLimits(score=score, nms_iou=1.0, per_image=1000)
    graph = finding_graph(network, Colours((0.0,) * 3, (1.0,) * 3), Canvas(SIDE, SIDE, (114,) * 3), {})
    write_onnx(graph, tmp_path / "model.onnx")
    run, counts = OnnxRunner(tmp_path / "model.onnx"), set()
    for pixels in (torch.zeros(1, 3, SIDE, SIDE), bright, dark):
        with torch.inference_mode():
            (expected,) = network(pixels / 255, SIZES[:1]).detections
        boxes, _, scores = map(torch.from_numpy, run(pixels.numpy()))
        assert len(boxes) == len(expected.boxes)
        torch.testing.assert_close(scores, expected.scores, atol=1e-4, rtol=1e-2)
        counts.add(len(boxes))
    assert len(counts) > 1, counts
