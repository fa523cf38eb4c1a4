from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import nn
from transformers import AutoConfig, AutoModelForImageClassification

from tests.vision.architectures.networks import TINY_VIT
from tests.vision.training.runs import make_run, train
from vision.architectures import Built, build_architecture
from vision.architectures.weights import load_pretrained
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_options, find_weights
from vision.errors import InvalidDocumentError, NotFoundError, WeightsUnavailableError
from vision.explain import explain
from vision.inference.predictor import Predictor

pytestmark = pytest.mark.heavy

NAME = "someone/tiny-net"
TINY: dict[str, dict[str, Any]] = {
    "vit": {name: value for name, value in TINY_VIT.items() if name not in ("model_type", "architectures")},
    "beit": {
        **{"image_size": 32, "patch_size": 8, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2},
        **{"intermediate_size": 48, "use_relative_position_bias": True, "use_mean_pooling": True},
    },
    "swinv2": {"image_size": 32, "embed_dim": 12, "depths": [1, 2], "num_heads": [2, 2], "window_size": 4},
    "convnext": {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2},
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
}


def ignore(message: str, fraction: float) -> None: ...


def publish(folder: Path, kind: str = "vit", labels: int = 4, **processor: Any) -> nn.Module:
    """A network as its authors publish it, in the folder of weights; the network itself."""
    torch.manual_seed(7)
    network = AutoModelForImageClassification.from_config(AutoConfig.for_model(kind, **TINY[kind], num_labels=labels))
    for name, weight in network.named_parameters():
        if "lambda" in name or "layer_scale" in name:  # near 0 at first: what they scale would not be seen
            nn.init.uniform_(weight)
    target = folder / NAME.replace("/", "--")
    network.save_pretrained(target)
    if processor:
        (target / "preprocessor_config.json").write_text(json.dumps(processor))
    return network.eval()


def start(folder: Path, labels: int, **options: Any) -> tuple[Built, bool]:
    info = ARCHITECTURES.get(NAME)
    built = build_architecture(NAME, labels, {**find_options(info, folder, True, ignore), **options})
    loaded = load_pretrained(built, find_weights(info, folder, True, ignore))
    return built, loaded.is_new_head


@pytest.mark.parametrize("kind", TINY)
def test_a_published_network_answers_as_it_does_in_its_library(kind: str, tmp_path: Path) -> None:
    original = publish(tmp_path, kind)
    built, is_new_head = start(tmp_path, 4)
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = original(pixel_values=images).logits
        assert torch.allclose(built.module.eval()(images), expected, atol=1e-5)
        assert expected.std() > 1e-3
    assert not is_new_head


@pytest.mark.parametrize("kind", TINY)
def test_other_classes_keep_all_but_the_head(kind: str, tmp_path: Path) -> None:
    original = publish(tmp_path, kind)
    built, is_new_head = start(tmp_path, 3)
    theirs = {f"network.{name}": tensor for name, tensor in original.state_dict().items()}
    for name, tensor in built.module.state_dict().items():
        if not name.startswith(built.heads):
            assert torch.equal(tensor, theirs[name]), name
    assert is_new_head
    assert built.module(torch.randn(2, 3, 32, 32)).shape == (2, 3)


def test_a_backbone_without_a_head_can_be_started_from(tmp_path: Path) -> None:
    network = publish(tmp_path)
    network.base_model.save_pretrained(tmp_path / "someone--tiny-net")
    built, is_new_head = start(tmp_path, 2)
    assert is_new_head
    loaded = built.module.state_dict()["network.vit.layers.1.mlp.fc1.weight"]
    assert torch.equal(loaded, network.state_dict()["vit.layers.1.mlp.fc1.weight"])


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    publish(tmp_path, "resnet")
    weights = (tmp_path / "someone--tiny-net" / "model.safetensors").read_bytes()
    publish(tmp_path, "vit")
    (tmp_path / "someone--tiny-net" / "model.safetensors").write_bytes(weights)
    with pytest.raises(WeightsUnavailableError, match="does not fit this architecture"):
        start(tmp_path, 3)


def test_a_card_holds_all_that_building_takes(tmp_path: Path) -> None:
    publish(tmp_path, image_mean=[0.1, 0.2, 0.3], image_std=[0.5, 0.6, 0.7], resample=3)
    built, _ = start(tmp_path, 3, training_crop_size=32, learning_rate=0.1)
    card = json.loads(json.dumps(built.options))
    assert set(card) == {"hub_config", "hub_processor", "training_crop_size"}
    assert "id2label" not in card["hub_config"]
    again = build_architecture(NAME, 3, card)
    again.module.load_state_dict(built.module.state_dict())
    assert (again.mean, again.std, again.interpolation) == ((0.1, 0.2, 0.3), (0.5, 0.6, 0.7), "bicubic")


def test_images_are_prepared_as_its_processor_says(tmp_path: Path) -> None:
    config = {"hub_config": TINY_VIT}
    plain = build_architecture(NAME, 3, config)
    assert plain.mean == (0.485, 0.456, 0.406)
    unnormalized = build_architecture(
        NAME, 3, {**config, "hub_processor": {"do_normalize": False, "image_mean": [9] * 3}}
    )
    assert (unnormalized.mean, unnormalized.std) == ((0, 0, 0), (1, 1, 1))


def test_layers_are_found_without_a_table() -> None:
    built = build_architecture(NAME, 3, {"hub_config": TINY_VIT})
    assert built.freeze_groups == [["network.vit.embeddings"], *([f"network.vit.layers.{n}"] for n in range(3))]
    assert (built.cam_layer, built.heads) == ("network.vit.layers.2.layernorm_before", ("network.classifier",))
    assert built.is_transformer
    swin = build_architecture(NAME, 3, {"hub_config": {"model_type": "swinv2", **TINY["swinv2"]}})
    assert swin.cam_layer == "network.swinv2.encoder.layers.1.blocks.1.layernorm_before"
    resnet = build_architecture(NAME, 3, {"hub_config": {"model_type": "resnet", **TINY["resnet"]}})
    assert (resnet.cam_layer, resnet.is_transformer) == ("network.resnet.encoder.stages.1", False)


@pytest.mark.parametrize("algorithm", ["guided_backprop", "guided_gradcam"])
def test_explanations_are_guided_through_its_activations(algorithm: str) -> None:
    torch.manual_seed(4)
    built = build_architecture(NAME, 3, {"hub_config": TINY_VIT})
    assert any(isinstance(part, nn.GELU) for part in built.module.modules())
    image = torch.randn(3, 32, 32)
    values = explain(built.module.eval(), image, 1, algorithm, cam_layer=built.cam_layer).values
    plain = image[None].clone().requires_grad_()
    gradient = torch.autograd.grad(built.module(plain)[0, 1], plain)[0][0]
    assert torch.as_tensor(values).shape == (3, 32, 32)
    assert not torch.allclose(torch.as_tensor(values), gradient)


def test_a_side_it_does_not_take_is_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="takes images of 32 px only, not 48") as caught:
        build_architecture(NAME, 3, {"hub_config": TINY_VIT, "training_crop_size": 32, "validation_crop_size": 48})
    assert "to 32" in caught.value.hint
    resnet = {"model_type": "resnet", **TINY["resnet"]}
    assert build_architecture(NAME, 3, {"hub_config": resnet, "training_crop_size": 48})


@pytest.mark.parametrize("kind", ["bert", "nothing-like-it", None])
def test_what_does_not_classify_images_is_refused(kind: str | None) -> None:
    with pytest.raises(NotFoundError, match=f"type {kind}"):
        build_architecture(NAME, 3, {"hub_config": {"model_type": kind}})


@pytest.mark.parametrize("broken", [{"num_hidden_layers": "many"}, {"hidden_act": "none"}, {"patch_size": 0}])
def test_a_configuration_that_does_not_build_is_the_users_to_replace(broken: dict[str, Any]) -> None:
    with pytest.raises(WeightsUnavailableError, match=r"config\.json of someone/tiny-net does not build"):
        build_architecture(NAME, 3, {"hub_config": TINY_VIT | broken})


def test_code_of_a_repository_is_never_run(tmp_path: Path) -> None:
    publish(tmp_path)
    folder = tmp_path / "someone--tiny-net"
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    config = json.loads((folder / "config.json").read_text())
    config |= {"auto_map": {"AutoModelForImageClassification": "own.Net"}, "architectures": ["Net"], "dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(config))
    built, _ = start(tmp_path, 4)
    assert type(built.module.network) is transformers.ViTForImageClassification
    assert {weight.dtype for weight in built.module.parameters()} == {torch.float32}
    assert not (tmp_path / "ran").exists()


def test_without_its_configuration_nothing_is_built() -> None:
    with pytest.raises(WeightsUnavailableError, match=r"without its config\.json"):
        build_architecture("google/vit-base-patch16-224", 3)


@pytest.mark.slow
def test_a_run_trains_packages_and_predicts(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    publish(weights, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    run = make_run(
        tmp_path,
        images=6,
        architecture=NAME,
        model_name=NAME,
        pretrained="auto",
        weights_dir=weights,
        offline=True,
        layers_to_freeze=1,
        learning_rate=0.001,
        optimizer="adam",
    )
    events = train(run)
    assert events[-1]["type"] == "completed"
    assert next(event for event in events if event["type"] == "started")["pretrained"] == "model.safetensors"
    assert not [event for event in events if event["type"] == "note"]
    assert json.loads((run.output_dir / "train_artifacts" / "onnx_check.json").read_text())["holds"]
    for file in (weights / "someone--tiny-net").iterdir():
        file.unlink()  # a model needs nothing but its own folder
    predictor = Predictor.load(run.output_dir / "outputs" / "mlflow-model", "cpu")
    assert predictor.built.mean == (0.5, 0.5, 0.5)
