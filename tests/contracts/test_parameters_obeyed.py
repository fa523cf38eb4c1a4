"""Every row of the parameter table is obeyed: a change of it changes the run. A row without a proof fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.contracts.obeying import Builds, Fits, Lab, Predicts, Proof, Scores, Settles, Shows, explain_missing
from tests.vision.inference.detectors import registered as detectors_registered
from tests.vision.training.namers import NAME, WEIGHTS, build_tiny_namer
from tests.vision.training.namers import registered as namers_registered
from tests.vision.training.runs import fit
from vision.spec.parameters import PARAMETERS, Parameter
from vision.training.checkpoints import list_asked, list_checkpoints
from vision.training.event_log import read_events
from vision.training.launch import count_processes

pytestmark = pytest.mark.heavy

ADAM = {"optimizer": "adam"}
STEPS = {"learning_rate_scheduler": "step", "step_lr_step_size": 1}
UNEVEN = {"labels": {"amber": 12, "blue": 3, "green": 6}}
STILL = {"learning_rate": 0.0, "number_of_epochs": 8, "layers_to_freeze": 2, "early_stopping_delay": 1}
TILED = {"tile_grid_size": "2x2"}
HUB = {"model_name": "some/image-classifier", "training_batch_size": 4}
ROOMY = {"box_score_threshold": 0.1, "box_detections_per_image": 1000}


def pretrained_weights_are_loaded(lab: Lab) -> None:
    folder = lab.make_folder()
    torch.manual_seed(9)
    save_file(build_tiny_namer(3, {}).module.state_dict(), folder / WEIGHTS)
    assert lab.fit(learning_rate=0.0) != lab.fit(learning_rate=0.0, pretrained="auto", weights_dir=folder, offline=True)


def another_run_is_started_from(lab: Lab) -> None:
    earlier = lab.run(checkpoint_frequency=1)
    fit(earlier)
    start = earlier.checkpoint_dir / "checkpoint-2.pt"
    begun = lab.run(start_from=start, checkpoint_run_id="lamp_HD_0", number_of_epochs=3)
    assert fit(begun) != lab.fit(number_of_epochs=3)
    assert {event["pretrained"] for event in read_events(begun.events_path)[0] if "pretrained" in event} <= {
        "lamp_HD_0"
    }
    gone_on = fit(lab.run(start_from=start, checkpoint_state="last", continue_start=True, number_of_epochs=3))
    assert list(gone_on) == [3]


def validation_takes_as_many_images(lab: Lab) -> None:
    trainer = lab.prepare(validation_batch_size=5)
    assert [len(batch["indices"]) for batch in trainer._evaluation_loader(trainer.validation)] == [5, 1]


def checkpoints_are_kept(lab: Lab) -> None:
    runs = [
        lab.run(number_of_epochs=6, checkpoint_frequency=2),
        lab.run(number_of_epochs=6, checkpoint_frequency=2, save_total_limit=1),
    ]
    for run in runs:
        fit(run)
    assert [sorted(list_checkpoints(run.checkpoint_dir)) for run in runs] == [[2, 4, 5, 6], [5, 6]]
    assert list(list_asked(runs[1].checkpoint_dir, 2, 1)) == [6]


def the_best_epoch_is_by_its_metric(lab: Lab) -> None:
    """Steps so long that accuracy and loss don't always agree; with which seed depends on how a processor rounds."""
    for seed in (8, 7, 1, 2, 3, 5):
        best = {}
        for metric, wanted, value_of in (("accuracy", max, "accuracy"), ("loss", min, "loss_valid")):
            run = lab.run(metric_for_best_model=metric, number_of_epochs=6, learning_rate=0.6, random_seed=seed)
            history = fit(run)
            best[metric] = torch.load(run.checkpoint_dir / "checkpoint-6.pt", weights_only=True)["best"]["epoch"]
            values = {epoch: told[value_of] for epoch, told in history.items()}
            assert values[best[metric]] == wanted(values.values())
        if best["accuracy"] != best["loss"]:
            break
    assert best["accuracy"] != best["loss"]


def epochs_without_gain(lab: Lab, **changes: object) -> int:
    return len(fit(lab.run(**{**STILL, "early_stopping_patience": 2, **changes})))


def it_stops_early(lab: Lab) -> None:
    assert epochs_without_gain(lab) == 4  # one is not looked at, one is the best, two bring no gain
    assert epochs_without_gain(lab, early_stopping=False) == 8


def layers_are_computed_again(lab: Lab) -> None:
    kept: dict[bool, int] = {}
    for is_on in (False, True):
        module = lab.prepare(gradient_checkpointing=is_on).module.train()
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, s=sizes: (s.append(t.numel()), t)[1], lambda t: t):
            module(torch.rand(2, 3, 32, 32))
        kept[is_on] = sum(sizes)
    assert kept[True] < kept[False]
    assert lab.fit(gradient_checkpointing=True) == lab.fit()


def loaders_have_workers(lab: Lab) -> None:
    assert [lab.prepare(number_of_workers=count).training.num_workers for count in (0, 2)] == [0, 2]


def processes_are_as_many_as_gpus(lab: Lab) -> None:
    assert [count_processes("0,1", is_distributed) for is_distributed in (True, False)] == [2, 1]


def the_exported_graph_normalises(lab: Lab) -> None:
    pixels = torch.full((1, 3, 32, 32), 200.0)
    answers = []
    for is_inside in (True, False):
        trainer = lab.prepare(enable_onnx_normalization=is_inside)
        graph = trainer.task.export_graph(trainer.module.eval())
        with torch.inference_mode():
            answers.append(graph.module(pixels))
        assert ("inside" in str(graph.facts["input"])) == is_inside
    assert not torch.allclose(*answers)


def images_are_streamed(lab: Lab) -> None:
    run = lab.run(advanced_settings='{"stream_image_files": true}')
    assert fit(run) == lab.fit()
    assert not run.cache_dir.exists()


def another_network_is_trained(lab: Lab) -> None:
    trained = [lab.prepare(name).module for name in (NAME, "mobilenetv2")]
    assert len({len(list(module.parameters())) for module in trained}) == 2


PROOFS: dict[str, tuple[Proof, ...]] = {
    "model_name": (Shows(another_network_is_trained),),
    "pretrained": (Shows(pretrained_weights_are_loaded),),
    "checkpoint_run_id": (Shows(another_run_is_started_from),),
    "checkpoint_state": (Shows(another_run_is_started_from),),
    "layers_to_freeze": (Fits(2), Fits(1, "tiny_boxes")),
    "number_of_epochs": (Fits(3),),
    "max_steps": (Fits(1), Settles(700, "number_of_epochs", 7, HUB)),
    "training_batch_size": (Fits(6), Fits(2, "tiny_boxes")),
    "auto_find_batch_size": (Settles(False, "training_batch_size", 16, {"model_name": "vitb16r224"}),),
    "validation_batch_size": (Shows(validation_takes_as_many_images),),
    "gradient_accumulation_step": (Fits(2),),
    "evaluation_frequency": (Fits(2),),
    "checkpoint_frequency": (Shows(checkpoints_are_kept),),
    "save_total_limit": (Shows(checkpoints_are_kept),),
    "metric_for_best_model": (Shows(the_best_epoch_is_by_its_metric),),
    "evaluation_strategy": (Settles("steps", "evaluation_frequency", 5, HUB),),
    "evaluation_steps": (Settles(200, "evaluation_frequency", 2, {**HUB, "evaluation_strategy": "steps"}),),
    "save_strategy": (Settles("epoch", "checkpoint_frequency", 1, HUB),),
    "save_steps": (Settles(200, "checkpoint_frequency", 2, {**HUB, "save_strategy": "steps"}),),
    "learning_rate": (Fits(0.02),),
    "learning_rate_scheduler": (*(Fits(name) for name in PARAMETERS.get("learning_rate_scheduler").choices[1:]),),
    "warmup_cosine_lr_warmup_epochs": (Fits(0),),
    "warmup_steps": (Fits(1),),
    "warmup_cosine_lr_cycles": (Fits(0.2),),
    "step_lr_gamma": (Fits(0.1, situation=STEPS),),
    "step_lr_step_size": (Fits(2, situation=STEPS),),
    "optimizer": (*(Fits(name) for name in PARAMETERS.get("optimizer").choices[1:]),),
    "momentum": (Fits(0.5, situation={"nesterov": False}),),
    "nesterov": (Fits(False),),
    "weight_decay": (Fits(0.1),),
    "beta1": (Fits(0.5, situation=ADAM), Fits(0.5, situation={"optimizer": "adamw"})),
    "beta2": (Fits(0.9, situation=ADAM), Fits(0.9, situation={"optimizer": "adamw"})),
    "ams_gradient": (Fits(True, situation={**ADAM, "number_of_epochs": 3}),),
    "max_grad_norm": (Fits(0.01),),
    "early_stopping": (Shows(it_stops_early),),
    "early_stopping_patience": (Shows(lambda lab: assert_epochs(lab, 5, early_stopping_patience=3)),),
    "early_stopping_delay": (Shows(lambda lab: assert_epochs(lab, 6, early_stopping_delay=3)),),
    "mixed_precision": (Fits("on"),),
    "ema": (Fits(True), Fits(True, "tiny_square")),
    "gradient_checkpointing": (Shows(layers_are_computed_again),),
    "number_of_workers": (Shows(loaders_have_workers),),
    "distributed": (Shows(processes_are_as_many_as_gpus),),
    "random_seed": (Fits(4),),
    "log_training_metrics": (Fits("Enable"), Fits("Enable", "tiny_boxes")),
    "log_validation_loss": (Fits("Disable"), Fits("Disable", "tiny_boxes")),
    "enable_onnx_normalization": (Shows(the_exported_graph_normalises),),
    "advanced_settings": (
        Shows(images_are_streamed),
        Fits('{"apply_mosaic_for_yolo": false}', "tiny_square"),
        Fits('{"apply_automl_train_augmentations": false}', "tiny_square"),
        Fits('{"apply_automl_train_augmentations": false}', "tiny_boxes"),
    ),
    "training_crop_size": (Fits(40),),
    "validation_resize_size": (Fits(40),),
    "validation_crop_size": (Fits(24),),
    "weighted_loss": (Fits(1, situation=UNEVEN), Fits(2, situation=UNEVEN)),
    "label_smoothing_factor": (Fits(0.2),),
    "model_size": (Builds("small", "yolov5", lambda module: sum(weight.numel() for weight in module.parameters())),),
    "image_size": (Fits(96, "tiny_square"),),
    "multi_scale": (Fits(True, "tiny_square"),),
    "min_size": (Fits(80, "tiny_boxes"), Fits(80, "tiny_masks")),
    "max_size": (Fits(70, "tiny_boxes"),),
    "proposals": (Builds("reduced", "fasterrcnn_resnet18_fpn", lambda module: count_proposals(module)),),
    "box_score_threshold": (Predicts(0.9, situation=ROOMY), Scores(0.9)),
    "nms_iou_threshold": (Predicts(0.05, situation=ROOMY),),
    "box_detections_per_image": (Predicts(2, situation={"box_score_threshold": 0.1}),),
    "tile_grid_size": (
        Fits("2x1", "tiny_boxes"),
        *(Predicts("2x1", network, ROOMY) for network in ("tiny_boxes", "tiny_square")),
    ),
    "tile_overlap_ratio": (Predicts(0.5, situation=ROOMY | TILED), Fits(0.5, "tiny_boxes", TILED)),
    "tile_predictions_nms_threshold": (Predicts(0.9, situation=ROOMY | TILED),),
    "validation_metric_type": (*(Scores(kind) for kind in ("none", "coco", "coco_voc")), Scores("coco", "tiny_masks")),
    "validation_iou_threshold": (Scores(0.1), Scores(0.1, "tiny_masks")),
    "mask_pixel_score_threshold": (Predicts(0.05, "tiny_masks", ROOMY),),
    "max_number_of_polygon_points": (Predicts(5, "tiny_masks", ROOMY),),
    "export_as_image": (Predicts(True, "tiny_masks", ROOMY),),
    "image_type": (Predicts("BMP", "tiny_masks", ROOMY | {"export_as_image": True}),),
    "augmentations": (
        *(Fits(preset) for preset in ("light", "strong", "none")),
        *(Fits(json.dumps({switch: False})) for switch in ("crop", "flip", "colour")),
        *(Fits(json.dumps({switch: False}), "tiny_boxes") for switch in ("crop", "flip", "colour")),
        *(Fits(json.dumps({switch: False}), "tiny_square") for switch in ("mosaic", "affine", "flip", "colour")),
    ),
}  # fmt: skip


def assert_epochs(lab: Lab, epochs: int, **changes: object) -> None:
    assert epochs_without_gain(lab, **changes) == epochs != epochs_without_gain(lab)


def count_proposals(module: torch.nn.Module) -> list[int]:
    return [
        value
        for part in module.modules()
        for name, value in vars(part).items()
        if name == "_pre_nms_top_n"
        for value in value.values()
    ]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums are the same only when split among as many threads; tiny ones gain nothing by more

    def make_folder() -> Path:
        return tmp_path_factory.mktemp("run")

    with namers_registered(), detectors_registered():
        yield Lab(make_folder)
    torch.set_num_threads(threads)


@pytest.mark.parametrize("entry", list(PARAMETERS), ids=lambda entry: entry.name)
def test_changing_it_changes_the_run(entry: Parameter, lab: Lab) -> None:
    if entry.name not in PROOFS:
        explain_missing(entry.name)
    for proof in PROOFS[entry.name]:
        proof.check(lab, entry.name)


@pytest.mark.parametrize("network", [NAME, "tiny_boxes", "tiny_square", "tiny_masks"])
def test_without_a_change_a_run_is_the_same_again(network: str, lab: Lab) -> None:
    assert lab.fit(network) == fit(lab.run(network))


def test_no_proof_is_of_a_parameter_that_is_gone() -> None:
    assert set(PROOFS) <= set(PARAMETERS.names())
