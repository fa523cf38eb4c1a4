"""Detectors of the Hub, each type in its library's own code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torchvision.ops import box_convert

from tests.vision.architectures.hub_objects.networks import (
    DETECTION,
    LISTED,
    NAME,
    NOTHING,
    OBJECTS,
    SIDE,
    TINY,
    build,
    config_of,
    names_that_freeze,
    publish,
    settle,
    sizes_of,
    start,
)
from tests.vision.training.runs import PARAMETERS
from vision.architectures import build_architecture
from vision.architectures.detection import DetectionLimits
from vision.architectures.hub_objects.backbone import find_backbone
from vision.architectures.hub_objects.layers import JUDGED_HERE, judge_outputs, pick_up_outputs
from vision.errors import InvalidDocumentError
from vision.export.finding import choose_canvas, finding_graph
from vision.export.onnx_file import Colours, OnnxRunner, write_onnx
from vision.training.hyperparameters import Hyperparameters
from vision.training.optimizers import make_optimizer
from vision.training.precision import choose_precision
from vision.training.recomputing import recompute_activations
from vision.training.updates import Updater

pytestmark = pytest.mark.heavy

IMAGES = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
WITH_BACKBONE = [kind for kind in TINY if kind != "yolos"]


@pytest.mark.parametrize(
    "kind", [*LISTED, *(pytest.param(kind, marks=pytest.mark.slow) for kind in TINY if kind not in LISTED)]
)
def test_every_type_learns(kind: str) -> None:
    module, losses = build(kind).module.train(), []
    optimizer = torch.optim.AdamW(module.parameters(), 3e-3)
    for _ in range(16):
        torch.manual_seed(4)  # the same dropout and the same noise, so that the losses compare
        loss = module(IMAGES, sizes_of(3), OBJECTS).losses["matching"]
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 0.1)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-4:]) < 0.97 * losses[0]  # matching anew, it goes up and down on its way
    assert all(weight.grad is not None for weight in module.parameters() if weight.requires_grad)
    assert module(IMAGES, sizes_of(3), NOTHING).losses["matching"].isfinite()


@pytest.mark.parametrize(
    ("kind", "queries", "changes", "enough"),
    [
        ("rt_detr_v2", 336, {}, 160),
        ("d_fine", 336, {}, 160),
        ("d_fine", 340, {"num_feature_levels": 4, "decoder_n_points": [2] * 4}, 160),
    ],
)
def test_an_image_with_fewer_places_than_queries_is_refused(
    kind: str, queries: int, changes: dict[str, Any], enough: int
) -> None:
    """128 px have 16² + 8² + 4² places, and 2² in a fourth map."""
    fits, lacks = (
        build_architecture(NAME, 3, {"hub_config": config_of(kind, num_queries=count, **changes)}, DETECTION).module
        for count in (queries, queries + 1)
    )
    assert fits.train()(IMAGES, sizes_of(3), OBJECTS).losses["matching"].isfinite()
    with pytest.raises(
        InvalidDocumentError, match=rf"128 × 128 px .* {queries + 1} places .* has {queries}\."
    ) as caught:
        lacks.train()(IMAGES, sizes_of(3), OBJECTS)
    assert caught.value.hint == f"Set image_size to {enough} or more."


@pytest.mark.parametrize("kind", TINY)
def test_what_is_found_is_told_as_the_others_tell_it(kind: str) -> None:
    module = settle(build(kind))
    module.limits = DetectionLimits(0.0, 1.0, 7)
    with torch.inference_mode():
        output = module(IMAGES, torch.tensor([[SIDE, 100]] * 3), OBJECTS)
        module.limits = DetectionLimits(0.5, 1.0, 7)
        likely = module(IMAGES, torch.tensor([[SIDE, 100]] * 3)).detections
    assert output.losses["matching"].isfinite()
    for found, few in zip(output.detections, likely, strict=True):
        assert 0 < len(found) <= 7
        assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
        assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
        assert (found.boxes >= 0).all()
        assert (found.boxes <= torch.tensor([100, SIDE, 100, SIDE])).all()
        assert set(found.labels.tolist()) <= {0, 1, 2}
        assert few.scores.tolist() == pytest.approx([score for score in found.scores.tolist() if score >= 0.5])


def test_boxes_are_suppressed_where_it_is_asked_for() -> None:
    module = settle(build("conditional_detr"))
    with torch.inference_mode():
        module.limits = DetectionLimits(0.0, 1.0, 30)
        all_of_them = module(IMAGES, sizes_of(3)).detections
        module.limits = DetectionLimits(0.0, 0.5, 30)
        some = module(IMAGES, sizes_of(3)).detections
    assert sum(map(len, some)) < sum(map(len, all_of_them))


@pytest.mark.parametrize("kind", TINY)
def test_a_published_network_finds_what_its_library_finds(kind: str, tmp_path: Path) -> None:
    original = publish(tmp_path, kind)
    built, is_new_head = start(tmp_path, 4)
    assert not is_new_head
    assert (built.mean, built.std) == ((0, 0, 0), (1, 1, 1))
    module = built.module.eval()
    module.limits = DetectionLimits(0.0, 1.0, 1)
    with torch.inference_mode():
        expected = original(pixel_values=IMAGES)
        found = module(IMAGES, sizes_of(3)).detections
    has_background = expected.logits.shape[-1] == 5
    chances = expected.logits.softmax(-1)[..., :-1] if has_background else expected.logits.sigmoid()
    for place, one in enumerate(found):
        best = int(chances[place].flatten().argmax())
        assert float(one.scores[0]) == pytest.approx(float(chances[place].flatten()[best]), abs=1e-5)
        assert int(one.labels[0]) == best % 4
        box = box_convert(expected.pred_boxes[place, best // 4], "cxcywh", "xyxy").clamp(0, 1) * SIDE
        assert one.boxes[0].tolist() == pytest.approx(box.tolist(), abs=0.05)


@pytest.mark.parametrize("kind", LISTED)
def test_other_classes_keep_all_but_the_heads(kind: str, tmp_path: Path) -> None:
    theirs = {f"network.{name}": tensor for name, tensor in publish(tmp_path, kind).state_dict().items()}
    built, is_new_head = start(tmp_path, 2)
    assert is_new_head
    for name, tensor in built.module.state_dict().items():
        if not name.startswith(built.heads):
            assert torch.equal(tensor, theirs[name]), name
    assert built.module.train()(IMAGES, sizes_of(3), NOTHING).losses["matching"].isfinite()


@pytest.mark.parametrize("kind", LISTED)
def test_weights_survive_a_round_trip_without_pickle(kind: str, tmp_path: Path) -> None:
    built = build(kind)
    module = settle(built)
    save_file({name: tensor.clone() for name, tensor in module.state_dict().items()}, tmp_path / "w.safetensors")
    other = build(kind).module
    other.load_state_dict(load_file(tmp_path / "w.safetensors"))
    with torch.inference_mode():
        first, second = (one.eval()(IMAGES, sizes_of(3)).detections for one in (module, other))
        for one, again in zip(first, second, strict=True):
            assert torch.equal(one.boxes, again.boxes)
            assert torch.equal(one.scores, again.scores)


@pytest.mark.parametrize("kind", WITH_BACKBONE)
def test_the_backbone_is_frozen_by_stages_and_learns_slowly(kind: str) -> None:
    built = build(kind, pretrained="auto")
    backbone = find_backbone(built.module)
    assert built.slow == (backbone,)
    assert len(built.freeze_groups) == 5
    assert all(name.startswith(backbone) for group in built.freeze_groups for name in group)
    assert names_that_freeze(built) == {
        name for name, _ in built.module.named_parameters() if name.startswith(f"{backbone}.")
    }
    assert all(weight.requires_grad for weight in built.module.get_submodule(backbone).parameters())
    norms = {
        type(part).__name__ for part in built.module.get_submodule(backbone).modules() if "Norm" in str(type(part))
    }
    assert all(name.endswith("FrozenBatchNorm2d") for name in norms)


def test_the_slow_rate_is_a_tenth_at_every_step() -> None:
    built = build("conditional_detr", pretrained="auto")
    parameters = Hyperparameters.from_values(PARAMETERS | {"optimizer": "adamw", "learning_rate": 0.5})
    optimizer = make_optimizer(built.module, parameters, built.slow)
    updater = Updater(built.module, optimizer, choose_precision("off", torch.device("cpu")), is_transformer=True)
    built.module.train()(IMAGES, sizes_of(3), OBJECTS).losses["matching"].backward()
    updater.update(0.01)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.01, 0.001])
    backbone = {id(weight) for weight in built.module.get_submodule(built.slow[0]).parameters()}
    assert {id(weight) for weight in optimizer.param_groups[1]["params"]} == backbone


def test_from_scratch_the_backbone_learns_as_fast_and_its_normalisation_too() -> None:
    built = build("conditional_detr")
    backbone = built.module.get_submodule(find_backbone(built.module))
    assert built.slow == ()
    assert any(isinstance(part, nn.BatchNorm2d) for part in backbone.modules())
    assert not any("Frozen" in type(part).__name__ for part in backbone.modules())


@pytest.mark.parametrize("kind", JUDGED_HERE)
def test_every_layer_of_a_decoder_is_judged_as_the_last_one_is(kind: str) -> None:
    """Two layers that are told apart by nothing: their losses are the same."""
    module = build(kind).module.eval()
    decoder = module.network.model.decoder
    with torch.no_grad():
        module(IMAGES, sizes_of(3), OBJECTS)  # nothing is left of it
        with pick_up_outputs(module.network) as outputs:
            answer = module.network(pixel_values=IMAGES)
        assert len(outputs) == len(decoder.layers) - 1 == 1
        labels = module._list_labels(OBJECTS, 3, (SIDE, SIDE))["labels"]
        last = decoder.layers[-1]
        handle = last.register_forward_hook(lambda layer, inputs, output: outputs.append(output))
        answer = module.network(pixel_values=IMAGES, labels=labels)
        handle.remove()
        last_output = outputs[-1] if isinstance(outputs[-1], torch.Tensor) else outputs[-1][0]
        assert float(judge_outputs(module.network, [last_output], labels)) == pytest.approx(
            float(answer.loss), rel=1e-4
        )


def test_boxes_that_are_no_numbers_make_the_loss_none() -> None:
    module = build("rt_detr_v2").module.train()
    with torch.no_grad():
        next(module.parameters()).fill_(float("nan"))
    assert module(IMAGES, sizes_of(3), OBJECTS).losses["matching"].isnan()


@pytest.mark.parametrize("kind", LISTED)
def test_the_loss_is_whole_in_half_precision(kind: str) -> None:
    module = build(kind).module.train()
    losses = []
    for enabled in (False, True):
        torch.manual_seed(2)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            losses.append(module(IMAGES, sizes_of(3), OBJECTS).losses["matching"])
    assert losses[1].dtype == torch.float32
    assert losses[1].item() == pytest.approx(losses[0].item(), rel=0.5)  # other queries may be matched


def test_inner_layers_are_computed_again_where_the_library_can() -> None:
    module = build("deformable_detr").module.train()
    losses = []
    for _ in range(2):
        torch.manual_seed(3)
        module.zero_grad()
        module(IMAGES, sizes_of(3), OBJECTS).losses["matching"].backward()
        losses.append(torch.cat([weight.grad.flatten() for weight in module.parameters()]))  # type: ignore[union-attr]
        recompute_activations(module, "this")
    assert torch.allclose(losses[0], losses[1], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TINY)
def test_the_file_finds_what_the_network_finds(kind: str, tmp_path: Path) -> None:
    built = build(kind)
    module = settle(built)
    module.limits = DetectionLimits(0.0, 1.0, 300)  # all: of equal scores any may be among the best
    graph = finding_graph(module, Colours(built.mean, built.std), choose_canvas("stretch", SIDE, 32, (0, 0, 0)), {})
    write_onnx(graph, tmp_path / "model.onnx")
    patches = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(9)) * 255
    pixels = nn.functional.interpolate(patches, size=(SIDE, SIDE))  # places that differ, for networks that choose some
    with torch.inference_mode():
        boxes, labels, scores = graph.module(pixels)
    answer = [torch.from_numpy(part) for part in OnnxRunner(tmp_path / "model.onnx")(pixels.numpy())]
    rows, theirs = (
        torch.cat([part[0], part[1][:, None] * 1e3, part[2][:, None] * 1e2], dim=1)
        for part in ((boxes, labels, scores), answer)
    )
    assert len(rows) == len(theirs) >= 10
    apart = torch.cdist(rows.double(), theirs.double(), p=torch.inf)
    assert apart.amin(dim=1).max() < 0.05
    assert apart.amin(dim=0).max() < 0.05
