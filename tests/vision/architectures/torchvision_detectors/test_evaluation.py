from __future__ import annotations

import pytest
import torch
from torchvision.ops import box_iou

from tests.vision.architectures.torchvision_detectors.scenes import KINDS, build, no_objects, two_images
from vision.architectures.detection import DetectionLimits, DetectionNetwork, Detections, Targets
from vision.architectures.torchvision_detectors import focal

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module", params=KINDS)
def network(request: pytest.FixtureRequest) -> DetectionNetwork:
    return build(request.param, seed=9).module.eval()


def find(network: DetectionNetwork, **limits: float) -> Detections:
    images, sizes, _ = two_images()
    network.limits = DetectionLimits(**{"score": 0.0, "nms_iou": 0.5, "per_image": 30, **limits})
    with torch.inference_mode():
        return network(images, sizes).detections[0]


def test_detections_come_best_first_with_labels_from_0(network: DetectionNetwork) -> None:
    found = find(network)
    assert len(found) == 30
    assert torch.equal(found.scores, found.scores.sort(descending=True).values)
    assert set(found.labels.tolist()) <= {0, 1, 2}
    assert found.labels.dtype == torch.int64


def test_limits_are_obeyed_when_they_change(network: DetectionNetwork) -> None:
    found = find(network)
    fewer = find(network, per_image=7)
    assert torch.equal(fewer.boxes, found.boxes[:7])
    threshold = found.scores[20].item()
    higher = find(network, score=threshold)
    assert torch.equal(higher.scores, found.scores[found.scores >= threshold])  # a score just as high counts
    assert worst_overlap(find(network, nms_iou=0.1)) <= 0.1
    assert worst_overlap(find(network, nms_iou=0.9)) > 0.5


def worst_overlap(found: Detections) -> float:
    """The largest intersection over union of two boxes of one label."""
    is_same = found.labels[:, None] == found.labels[None]
    return (box_iou(found.boxes, found.boxes) * is_same).fill_diagonal_(0).amax().item()


def test_nothing_lies_in_the_filling(network: DetectionNetwork) -> None:
    images, _, _ = two_images(96)
    images[0, :, :, 40:] = 0
    network.limits = DetectionLimits(score=0.0, per_image=20)
    with torch.inference_mode():
        found = network(images, torch.tensor([[96, 40], [96, 96]])).detections
    assert found[0].boxes[:, 2].max() <= 40
    assert found[1].boxes[:, 2].max() > 40
    for one in found:
        assert one.boxes.min() >= 0
        assert (one.boxes[:, 2:] > one.boxes[:, :2]).all()


def test_nothing_found_is_no_error(network: DetectionNetwork) -> None:
    found = find(network, score=1.0)
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)
    if network.mask_frame == "box":
        assert found.masks.shape == (0, 28, 28)


def test_evaluation_leaves_no_trace(network: DetectionNetwork) -> None:
    images, sizes, targets = two_images()
    network.limits = DetectionLimits(per_image=5)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    randomness = torch.get_rng_state()
    with torch.inference_mode():
        first = network(images, sizes, targets)
        again = network(images, sizes, targets)
        bare = network(images, sizes)
    assert torch.equal(torch.get_rng_state(), randomness)
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert first.losses.keys() == again.losses.keys() != bare.losses.keys() == set()
    assert all(torch.equal(first.losses[name], again.losses[name]) for name in first.losses)
    for one, other in zip(first.detections, bare.detections, strict=True):
        assert torch.equal(one.boxes, other.boxes)
        assert torch.equal(one.scores, other.scores)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_of_evaluation_are_those_of_training(kind: str) -> None:
    """With frozen normalisation both modes see the same features; the choice of regions is seeded alike."""
    network = build(kind, pretrained="auto").module
    network.limits = DetectionLimits(per_image=5)
    images, sizes, targets = two_images()
    with torch.inference_mode():
        torch.manual_seed(0)
        expected = network.train()(images, sizes, targets).losses
        losses = network.eval()(images, sizes, targets).losses
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-5)


def test_images_without_objects_have_losses(network: DetectionNetwork) -> None:
    images, sizes, _ = two_images()
    with torch.inference_mode():
        output = network(images, sizes, no_objects())
    assert len(output.detections) == 2
    assert all(value.isfinite() for value in output.losses.values())


def test_an_image_without_objects_weighs_no_more_than_one_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """RetinaNet's loss of it is a sum over all anchors, of which thousands are wrong at the start of training."""
    images, sizes, targets = two_images()
    network = build("retinanet").module.eval()
    network.head.classification_head.cls_logits.bias.data.fill_(1)

    def lose(places: slice, targets: Targets) -> dict[str, float]:
        with torch.inference_mode():
            losses = network(images[places], sizes[places], targets).losses
        return {name: value.item() for name, value in losses.items()}

    one = Targets(*(column[:2] for column in (targets.boxes, targets.labels, targets.image, targets.masks)))
    with_objects, without, both = lose(slice(0, 1), one), lose(slice(1, 2), no_objects()), lose(slice(0, 2), one)
    for name, value in both.items():
        assert value == pytest.approx((with_objects[name] + without[name]) / 2, rel=1e-4)
    assert without["classification"] < 3 * with_objects["classification"]
    monkeypatch.setattr(focal, "_ANCHORS_WITHOUT_OBJECTS", 1)
    assert lose(slice(0, 1), one) == with_objects
    assert lose(slice(1, 2), no_objects())["classification"] == pytest.approx(100 * without["classification"])


def test_the_first_batch_fixes_nothing() -> None:
    """torchvision's pooling takes the strides of the feature maps from the first batch it sees."""
    images, sizes, _ = two_images()
    odd_first, even_first = build("maskrcnn").module.eval(), build("maskrcnn").module.eval()
    odd_first.limits = even_first.limits = DetectionLimits(per_image=5)
    with torch.inference_mode():
        mostly_filling = torch.zeros(1, 3, 128, 128)
        odd_first(mostly_filling, torch.tensor([[33, 33]]))
        found, expected = odd_first(images, sizes).detections[0], even_first(images, sizes).detections[0]
    assert torch.equal(found.boxes, expected.boxes)
    assert torch.equal(found.masks, expected.masks)
