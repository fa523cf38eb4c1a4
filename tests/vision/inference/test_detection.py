"""Packaged networks that find objects: their answers (SPEC §3.2), their settings, what travels with them."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import vision
from tests.vision.architectures.hub_objects.networks import config_of
from tests.vision.inference.detectors import registered
from tests.vision.inference.models import make_image
from vision.architectures import build_architecture
from vision.data.masks import fill_rings
from vision.errors import InvalidDocumentError
from vision.inference.card import ModelCard
from vision.inference.detection import DetectionPredictor
from vision.inference.packaging import save_mlflow_model
from vision.inference.predictor import Predictor
from vision.spec.scoring import ScoringItem, XaiParameters
from vision.spec.settings import parse_settings, pick_settings

LABELS = ["bolt", "nut", "Unterlegscheibe"]
SMALL = {"min_size": 64, "max_size": 96, "box_score_thresh": 0.1}


@pytest.fixture(autouse=True)
def tiny_networks():
    with registered():
        yield


def make_card(architecture, built, task_type, **options):
    return ModelCard(
        task_type=task_type,
        architecture=architecture,
        options=options,
        label_names=LABELS,
        mean=built.mean,
        std=built.std,
        interpolation=built.interpolation,
    )


def make_tiny(architecture="tiny_boxes", **settings) -> DetectionPredictor:
    torch.manual_seed(1)
    built = build_architecture(architecture, len(LABELS))
    torch.nn.init.normal_(built.module.classes.weight, std=15.0)
    built.module.eval()
    task_type = "image_instance_segmentation" if architecture == "tiny_masks" else "image_object_detection"
    given = parse_settings(
        {"img_size": 64, "box_score_thresh": 0.1} if architecture == "tiny_square" else SMALL | settings, architecture
    )
    return DetectionPredictor(built, make_card(architecture, built, task_type), given, torch.device("cpu"))


def encode(image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def test_the_answer_is_the_documented_one():
    (answer,) = make_tiny().predict([make_image()])
    assert set(answer) == {"boxes"}
    assert len(answer["boxes"]) > 3
    for entry in answer["boxes"]:
        assert set(entry) == {"box", "label", "score"}
        assert list(entry["box"]) == ["topX", "topY", "bottomX", "bottomY"]
        assert 0 <= entry["box"]["topX"] < entry["box"]["bottomX"] <= 1
        assert 0 <= entry["box"]["topY"] < entry["box"]["bottomY"] <= 1
        assert entry["label"] in LABELS
        assert entry["score"] >= 0.1
    scores = [entry["score"] for entry in answer["boxes"]]
    assert scores == sorted(scores, reverse=True)
    json.dumps(answer, allow_nan=False)


def test_masks_come_as_polygons():
    image = make_image(size=(160, 120))
    (answer,) = make_tiny("tiny_masks").predict([image])
    assert answer["boxes"]
    for entry in answer["boxes"]:
        assert set(entry) == {"box", "label", "score", "polygon"}
        assert all(len(ring) >= 6 and len(ring) % 2 == 0 for ring in entry["polygon"])
        assert all(0 <= value <= 1 for ring in entry["polygon"] for value in ring)
        # The tiny network's masks are discs in their boxes.
        box = entry["box"]
        area = (box["bottomX"] - box["topX"]) * (box["bottomY"] - box["topY"])
        share = fill_rings(entry["polygon"], 160, 120).mean() / area
        assert share == pytest.approx(np.pi / 4, abs=0.25)


def test_masks_come_as_images_where_the_settings_say_so():
    image = make_image(size=(160, 120))
    polygons = make_tiny("tiny_masks").predict([image])[0]["boxes"]
    images = make_tiny("tiny_masks", export_as_image=True, image_type="png").predict([image])[0]["boxes"]
    for one, other in zip(polygons, images, strict=True):
        assert set(other) == {"box", "label", "score", "mask"}
        picture = Image.open(io.BytesIO(base64.b64decode(other["mask"])))
        assert (picture.format, picture.size) == ("PNG", (160, 120))
        drawn = fill_rings(one["polygon"], 160, 120)
        assert np.abs((np.asarray(picture) > 0).astype(int) - drawn).mean() < 0.01


def test_polygons_have_no_more_points_than_they_may():
    (answer,) = make_tiny("tiny_masks", max_number_of_polygon_points=5).predict([make_image(size=(160, 120))])
    assert all(len(ring) <= 10 for entry in answer["boxes"] for ring in entry["polygon"])


@pytest.mark.parametrize("architecture", ["tiny_boxes", "tiny_square"])
def test_an_answer_does_not_depend_on_what_else_is_asked(architecture):
    images = [
        make_image(seed, size) for seed, size in enumerate([(120, 90), (90, 120), (120, 90), (300, 70), (121, 90)])
    ]
    predictor = make_tiny(architecture)
    together = predictor.predict(images)
    for image, answer in zip(images, together, strict=True):
        (alone,) = predictor.predict([image])
        assert [one["score"] for one in answer["boxes"]] == pytest.approx(
            [one["score"] for one in alone["boxes"]], abs=1e-5
        )
    assert predictor.predict([]) == []


def test_fewer_boxes_by_score_and_by_number():
    image = make_image()
    every = make_tiny().predict([image])[0]["boxes"]
    assert make_tiny(box_detections_per_img=2).predict([image])[0]["boxes"] == every[:2]
    threshold = every[3]["score"]
    kept = make_tiny(box_score_thresh=threshold).predict([image])[0]["boxes"]
    assert [one["score"] for one in kept] == pytest.approx([one["score"] for one in every if one["score"] >= threshold])


def test_tiling_can_be_switched_on_for_inference_alone():
    image = make_image(size=(240, 180))
    plain, tiled = make_tiny(), make_tiny(tile_grid_size="(3, 2)")
    assert (len(plain.prepare(image).views), len(tiled.prepare(image).views)) == (1, 7)
    usual = [
        np.median([box["box"]["bottomX"] - box["box"]["topX"] for box in one.predict([image])[0]["boxes"]])
        for one in (plain, tiled)
    ]
    assert usual[1] < usual[0] / 1.5


def test_an_explanation_is_refused_in_words():
    predictor = make_tiny()
    items = [ScoringItem(encode(make_image())), ScoringItem(encode(make_image()), XaiParameters())]
    with pytest.raises(InvalidDocumentError, match="are not explained") as caught:
        predictor.score(items)
    assert [detail.path for detail in caught.value.details] == ["input_data.data[1]"]
    assert caught.value.status == 422


FAMILIES = {
    "fasterrcnn_resnet18_fpn": ("image_object_detection", {"proposals": "reduced"}, SMALL),
    "retinanet_resnet50_fpn": ("image_object_detection", {"pretrained": "auto"}, SMALL),
    "maskrcnn_resnet18_fpn": ("image_instance_segmentation", {"proposals": "reduced"}, SMALL),
    "yolov5": ("image_object_detection", {"model_size": "nano"}, {"img_size": 64, "model_size": "nano"}),
    "yolov5_seg": ("image_instance_segmentation", {"model_size": "nano"}, {"img_size": 64, "model_size": "nano"}),
    "someone/finder": (
        "image_object_detection",
        {"hub_config": config_of("deformable_detr"), "pretrained": "auto"},
        {"img_size": 128},
    ),
    "someone/segmenter": (
        "image_instance_segmentation",
        {"hub_config": config_of("mask2former"), "pretrained": "auto"},
        {"img_size": 64},
    ),
}


MASKED = ("maskrcnn_resnet18_fpn", "yolov5_seg", "someone/segmenter")


def make_family(folder: Path, architecture: str) -> Path:
    task_type, options, settings = FAMILIES[architecture]
    torch.manual_seed(1)
    built = build_architecture(architecture, len(LABELS), options, task_type)
    card = make_card(architecture, built, task_type, **options)
    # A network at random is sure of nothing: what it would say at all is what is compared.
    checked = parse_settings(
        settings | {"box_score_thresh": 0.0001, "box_detections_per_img": 5}, architecture, options, task_type
    )
    weights = {name: tensor.clone() for name, tensor in built.module.state_dict().items()}  # some are shared
    save_mlflow_model(folder, weights, card, checked)
    return folder


LOAD_ELSEWHERE = """
import base64, json, os, sys
import pandas as pd
import mlflow.pyfunc
import torch, torchvision

image = open("image.png", "rb").read()
for folder in sys.argv[1:]:  # each in a process of its own: two models' code bears the same names
    if not os.fork():
        model = mlflow.pyfunc.load_model(folder)
        import vision
        answers = [model.predict(pd.DataFrame({"image": [value]})).to_dict("records")
                   for value in (base64.encodebytes(image).decode(), image)]
        with open(os.path.basename(folder) + ".json", "w") as file:
            json.dump({"vision": vision.__file__, "answers": answers}, file)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    """A model of each family, untrained."""
    folder = tmp_path_factory.mktemp("families")
    return {family: make_family(folder / family.replace("/", "-"), family) for family in FAMILIES}


@pytest.fixture(scope="module")
def answers(models, tmp_path_factory) -> tuple[Path, str]:
    """A folder with what each answered where there is no Darkroom, and what was said there."""
    folder = tmp_path_factory.mktemp("answers")
    (folder / "image.png").write_bytes(encode(make_image(size=(96, 72))))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DJANGO"))}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOAD_ELSEWHERE, *map(str, models.values())],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("architecture", FAMILIES)
def test_each_family_predicts_without_darkroom(models, answers, architecture):
    folder, errors = answers
    file = folder / f"{models[architecture].name}.json"
    assert file.exists(), errors
    result = json.loads(file.read_text())
    assert not result["vision"].startswith(str(Path(vision.__file__).parent.parent))
    (expected,) = Predictor.load(models[architecture], "cpu").predict([make_image(size=(96, 72))])
    assert 0 < len(expected["boxes"]) <= 5  # how many a network at random says differs by processor
    for (answer,) in result["answers"]:
        assert [one["score"] for one in answer["boxes"]] == pytest.approx(
            [one["score"] for one in expected["boxes"]], rel=1e-3
        )
        assert all(("polygon" in one) == (architecture in MASKED) for one in answer["boxes"])


@pytest.mark.slow
@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_model_takes_along_what_it_needs_and_no_more(models, architecture):
    folder = models[architecture]
    is_yolo, is_hub = architecture.startswith("yolov5"), architecture.startswith("someone/")
    code = {str(path.relative_to(folder / "code" / "vision")) for path in (folder / "code").rglob("*.py")}
    assert "inference/detection.py" in code
    assert not [name for name in code if name.split("/")[0] in ("training", "tasks", "metrics", "explain", "export")]
    families = {name.split("/")[1] for name in code if name.startswith("architectures/") and name.count("/") > 1}
    assert families == {"yolov5" if is_yolo else "hub_objects" if is_hub else "torchvision_detectors"}
    requirements = (folder / "requirements.txt").read_text()
    assert ("ultralytics" in requirements) == is_yolo
    assert all((name in requirements) == is_hub for name in ("timm", "transformers"))
    assert ("scipy" in requirements) == (architecture == "someone/segmenter")
    assert not any(name in requirements for name in ("captum", "faster-coco-eval"))
    document = yaml.safe_load((folder / "MLmodel").read_text())
    (column,) = json.loads(document["signature"]["outputs"])
    assert (column["name"], column["type"], column["items"]["type"]) == ("boxes", "array", "object")
    assert ("polygon" in column["items"]["properties"]) == (architecture in MASKED)
    settings = json.loads((folder / "artifacts" / "settings.json").read_text())
    assert ("img_size" in settings) == (is_yolo or is_hub)
    assert ("mask_pixel_score_threshold" in settings) == (architecture in MASKED)


def test_the_size_of_the_weights_is_not_a_setting():
    with pytest.raises(InvalidDocumentError, match="trained anew"):
        parse_settings({"model_size": "large"}, "yolov5", {"model_size": "nano"})


def test_settings_come_from_the_runs_parameters():
    parameters = {
        "image_size": 320,
        "model_size": "small",
        "box_score_threshold": 0.2,
        "nms_iou_threshold": 0.6,
        "tile_grid_size": "3x2",
        "tile_predictions_nms_threshold": 0.4,
        "learning_rate": 0.1,
    }
    assert pick_settings(parameters, "yolov5").model_dump() == {
        "img_size": 320,
        "model_size": "small",
        "box_score_thresh": 0.2,
        "nms_iou_thresh": 0.6,
        "box_detections_per_img": 100,
        "tile_grid_size": "3x2",
        "tile_overlap_ratio": 0.25,
        "tile_predictions_nms_thresh": 0.4,
    }


def test_masks_of_yolo_keep_its_settings_and_those_of_masks():
    parameters = {"image_size": 320, "model_size": "nano", "mask_pixel_score_threshold": 0.4, "image_type": "PNG"}
    assert pick_settings(parameters, "yolov5_seg").model_dump() == {
        "img_size": 320,
        "model_size": "nano",
        "box_score_thresh": 0.1,
        "nms_iou_thresh": 0.5,
        "box_detections_per_img": 100,
        "mask_pixel_score_threshold": 0.4,
        "max_number_of_polygon_points": 100,
        "export_as_image": False,
        "image_type": "PNG",
    }
    with pytest.raises(InvalidDocumentError, match="min_size"):
        parse_settings({"min_size": 320}, "yolov5_seg")
