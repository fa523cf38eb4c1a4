"""Networks of the Hub that find masks, in their library's own code."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import Mask2FormerImageProcessorPil
from transformers.models.mask2former.modeling_mask2former import Mask2FormerLoss

from tests.vision.architectures.hub_objects.networks import SEGMENTATION, build, names_that_freeze, publish, start
from vision.architectures import Built
from vision.architectures.detection import DetectionLimits, Targets
from vision.architectures.hub_objects.backbone import find_backbone
from vision.architectures.hub_objects.mask_loss import MaskLoss
from vision.errors import WeightsUnavailableError
from vision.export.finding import choose_canvas, finding_graph
from vision.export.onnx_file import Colours, OnnxRunner, write_onnx
from vision.training.recomputing import recompute_activations

pytestmark = pytest.mark.heavy

KIND = "mask2former"
SIDE, QUERIES = 64, 10
IMAGES = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
SIZES = torch.tensor([[SIDE, SIDE]] * 3)


def draw(boxes: list[list[int]]) -> Tensor:
    masks = torch.zeros(len(boxes), SIDE, SIDE, dtype=torch.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = 1
    return masks


BOXES = [[4, 4, 30, 30], [34, 10, 60, 44], [16, 16, 30, 50]]
OBJECTS = Targets(torch.tensor(BOXES).float(), torch.tensor([0, 1, 2]), torch.tensor([0, 0, 2]), draw(BOXES))
"""Two objects on the first image, none on the second, one on the third."""
NOTHING = Targets(*(part[:0] for part in OBJECTS if part is not None))


def settle(built: Built) -> nn.Module:
    """The network as after training: its queries answer differently, with masks that have an edge."""
    torch.manual_seed(6)
    for weight in built.module.parameters():
        nn.init.normal_(weight, std=0.3)
    return built.module.eval()


def test_it_learns() -> None:
    module, losses = build(KIND).module.train(), []
    optimizer = torch.optim.AdamW(module.parameters(), 3e-3)
    for _ in range(16):
        torch.manual_seed(4)  # the same points, so that the losses compare
        loss = module(IMAGES, SIZES, OBJECTS).losses["matching"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-4:]) < 0.8 * losses[0]
    unused = {name for name, weight in module.named_parameters() if weight.grad is None}
    assert all(".encoder.swin.layernorm." in name for name in unused)  # of the backbone's own last answer
    assert module(IMAGES, SIZES, NOTHING).losses["matching"].isfinite()
    with pytest.raises(ValueError, match="needs the masks"):
        module(IMAGES, SIZES, Targets(*OBJECTS[:3]))


def test_the_points_of_the_loss_come_from_torchs_generator() -> None:
    module, losses = build(KIND).module.train(), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(float(module(IMAGES, SIZES, OBJECTS).losses["matching"].detach()))
    assert losses[0] == losses[1] != losses[2]


def test_the_loss_is_the_librarys_however_many_objects_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand", same_points)
    network = build(KIND, labels=3).module.network
    ours, theirs = network.criterion, Mask2FormerLoss(network.config, network.weight_dict)
    assert isinstance(ours, MaskLoss)
    random = torch.Generator().manual_seed(3)
    counts = (40, 0, 3)
    masks = [torch.randint(0, 2, (n, 16, 16), generator=random, dtype=torch.uint8) for n in counts]
    labels = [torch.randint(0, 3, (n,), generator=random) for n in counts]
    answers = torch.randn(3, 50, 8, 8, generator=random).requires_grad_()
    classes = torch.randn(3, 50, 4, generator=random)
    inner = [{"masks_queries_logits": -answers, "class_queries_logits": -classes}]
    expected = theirs(answers, classes, [mask.float() for mask in masks], labels, inner)
    (wanted,) = torch.autograd.grad(sum(expected.values()), answers)
    losses = ours(answers, classes, masks, labels, inner)
    (gradient,) = torch.autograd.grad(sum(losses.values()), answers)
    assert losses.keys() == expected.keys()
    assert [losses[name].item() for name in losses] == pytest.approx([expected[name].item() for name in losses])
    assert torch.allclose(gradient, wanted, atol=1e-6)


def same_points(count: int, points: int, coordinates: int, device: torch.device | None = None) -> Tensor:
    """For `torch.rand`: random places, but the same for every mask."""
    places = torch.empty(points, coordinates).uniform_(generator=torch.Generator().manual_seed(points))
    return places.expand(count, points, coordinates).clone()


def test_the_loss_is_whole_in_half_precision() -> None:
    module, losses = build(KIND).module.train(), []
    for enabled in (False, True):
        torch.manual_seed(2)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            losses.append(module(IMAGES, SIZES, OBJECTS).losses["matching"])
    assert losses[1].dtype == torch.float32
    assert losses[1].item() == pytest.approx(losses[0].item(), rel=0.1)


def test_what_is_found_is_told_as_the_others_tell_it() -> None:
    module = settle(build(KIND))
    sizes = torch.tensor([[SIDE, 50]] * 3)  # the rest is filling
    module.limits = DetectionLimits(0.0, 1.0, 7)
    with torch.inference_mode():
        output = module(IMAGES, sizes, OBJECTS)
        module.limits = DetectionLimits(0.3, 1.0, 7)
        likely = module(IMAGES, sizes).detections
    assert output.losses["matching"].isfinite()
    for found, few in zip(output.detections, likely, strict=True):
        assert 0 < len(found) <= 7
        assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
        assert (found.boxes >= 0).all()
        assert (found.boxes <= torch.tensor([50, SIDE, 50, SIDE])).all()
        assert set(found.labels.tolist()) <= {0, 1, 2}
        assert found.masks is not None
        assert found.masks.shape == (len(found), 16, 13)
        assert few.scores.tolist() == pytest.approx([score for score in found.scores.tolist() if score >= 0.3])


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_boxes_surround_what_belongs_to_the_object(threshold: float) -> None:
    module = settle(build(KIND))
    module.limits = DetectionLimits(0.0, 1.0, 7, threshold)
    with torch.inference_mode():
        found = module(IMAGES, SIZES).detections[0]
    assert found.masks is not None
    whole = functional.interpolate(found.masks[:, None], scale_factor=4, mode="bilinear", align_corners=False)[:, 0]
    outside = whole >= threshold
    for pixels, (left, top, right, bottom) in zip(outside, found.boxes.int().tolist(), strict=True):
        assert pixels.any()
        assert not torch.cat([pixels[:top].flatten(), pixels[bottom:].flatten()]).any()
        assert not torch.cat([pixels[:, :left].flatten(), pixels[:, right:].flatten()]).any()
        rows, columns = pixels.any(1).nonzero()[:, 0], pixels.any(0).nonzero()[:, 0]
        assert [left, top, right, bottom] == pytest.approx(
            [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1], abs=4
        )


def test_never_more_masks_than_queries() -> None:
    """Of 80 classes a network at random is equally unsure: every one of them for every query would be 800 masks."""
    module = build(KIND, labels=80).module.eval()
    module.limits = DetectionLimits(0.0, 1.0, 10_000)
    with torch.inference_mode():
        assert all(0 < len(found) <= QUERIES for found in module(IMAGES, SIZES).detections)


def test_repeats_are_suppressed_where_it_is_asked_for() -> None:
    module = settle(build(KIND))
    counts = []
    for overlap in (1.0, 0.3):
        module.limits = DetectionLimits(0.0, overlap, 30)
        with torch.inference_mode():
            counts.append(sum(map(len, module(IMAGES, SIZES).detections)))
    assert counts[1] < counts[0]


def test_a_published_network_finds_what_its_library_finds(tmp_path: Path) -> None:
    original = publish(tmp_path, KIND)
    _leave_out(tmp_path / "someone--finder" / "model.safetensors", ".swin.layernorm.")  # as the published ones do
    built, is_new_head = start(tmp_path, 4, SEGMENTATION)
    assert not is_new_head
    assert (built.mean, built.std) == ((0, 0, 0), (1, 1, 1))
    module = built.module.eval()
    module.limits = DetectionLimits(0.1, 1.0, 100)
    with torch.inference_mode():
        answer = original(pixel_values=IMAGES)
        found = module(IMAGES, SIZES).detections
    # Theirs are told at 384 px: ours are scored where they are answered, a little apart
    expected = Mask2FormerImageProcessorPil().post_process_instance_segmentation(
        answer, threshold=0.15, return_binary_maps=True
    )
    for one, theirs in zip(found, expected, strict=True):
        assert one.masks is not None
        whole = functional.interpolate(one.masks[:, None], size=(384, 384), mode="bilinear", align_corners=False)[:, 0]
        assert len(theirs["segments_info"]) > 2
        for segment, mask in zip(theirs["segments_info"], theirs["segmentation"], strict=True):
            overlaps = ((whole > 0.5) & (mask > 0)).sum((1, 2)) / ((whole > 0.5) | (mask > 0)).sum((1, 2))
            alike = (overlaps > 0.8) & ((one.scores - segment["score"]).abs() < 0.03)
            assert (alike & (one.labels == segment["label_id"])).any()


def _leave_out(path: Path, part: str) -> None:
    tensors = load_file(path)
    kept = {name: tensor for name, tensor in tensors.items() if part not in name}
    assert len(kept) == len(tensors) - 2
    save_file(kept, path, metadata={"format": "pt"})


def test_weights_that_are_missing_and_needed_are_named(tmp_path: Path) -> None:
    publish(tmp_path, KIND)
    _leave_out(tmp_path / "someone--finder" / "model.safetensors", ".encoder.hidden_states_norms.stage2.")
    with pytest.raises(WeightsUnavailableError, match=r"2 of \d+ tensors are missing"):
        start(tmp_path, 4, SEGMENTATION)


def test_other_classes_keep_all_but_the_heads(tmp_path: Path) -> None:
    theirs = {f"network.{name}": tensor for name, tensor in publish(tmp_path, KIND).state_dict().items()}
    built, is_new_head = start(tmp_path, 2, SEGMENTATION)
    assert is_new_head
    assert set(built.heads) == {"network.class_predictor", "network.criterion"}
    for name, tensor in built.module.state_dict().items():
        if not name.startswith(built.heads):
            assert torch.equal(tensor, theirs[name]), name
    assert built.module.network.criterion.empty_weight.tolist() == pytest.approx([1, 1, 0.1])


def test_the_backbone_is_frozen_by_stages_and_learns_slowly() -> None:
    built = build(KIND, pretrained="auto")
    backbone = find_backbone(built.module)
    assert built.slow == (backbone,)
    assert build(KIND).slow == ()
    assert len(built.freeze_groups) == 5
    assert names_that_freeze(built) == {
        name for name, _ in built.module.named_parameters() if name.startswith(f"{backbone}.")
    }


def test_inner_layers_are_computed_again_where_the_library_can() -> None:
    module = build(KIND).module.train()
    losses = []
    for _ in range(2):
        torch.manual_seed(3)
        module.zero_grad()
        module(IMAGES, SIZES, OBJECTS).losses["matching"].backward()
        losses.append(torch.cat([weight.grad.flatten() for weight in module.parameters() if weight.grad is not None]))
        recompute_activations(module, "this")
    assert torch.allclose(losses[0], losses[1], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("overlap", [1.0, 0.3])
def test_the_file_finds_what_the_network_finds(overlap: float, tmp_path: Path) -> None:
    """However many that is: the file is traced on an image where it is another number."""
    built = build(KIND)
    module = settle(built)
    images = [torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(9)) * most for most in (0, 90, 255)]
    graph = finding_graph(module, Colours(built.mean, built.std), choose_canvas("stretch", SIDE, 32, (0, 0, 0)), {})
    with torch.inference_mode():
        module.limits = DetectionLimits(0.0, overlap, 50)
        scores = torch.cat([graph.module(pixels)[2] for pixels in images]).sort().values
        middle = len(scores) // 4 + int(scores.diff()[len(scores) // 4 : -len(scores) // 4].argmax())
        module.limits = DetectionLimits(float(scores[middle : middle + 2].mean()), overlap, 50)
        expected = [graph.module(pixels) for pixels in images]
    write_onnx(graph, tmp_path / "model.onnx")
    run = OnnxRunner(tmp_path / "model.onnx")
    for pixels, found in zip(images, expected, strict=True):
        for theirs, ours in zip(run(pixels.numpy()), found, strict=True):
            assert theirs.shape == ours.shape
            assert torch.allclose(torch.from_numpy(theirs).float(), ours.float(), atol=2e-3)
    assert len({len(found[0]) for found in expected}) > 1
