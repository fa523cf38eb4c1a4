"""The fields follow the network and the task that are chosen."""

from __future__ import annotations

import pytest
from django.test import Client

from datasets.models import DatasetVersion
from jobs.forms import JobForm
from tests.jobs.new_page.asking import names_of, post, text_of
from vision.catalog.architectures import ArchitectureInfo, list_architectures
from vision.catalog.task_types import TaskType
from vision.spec.documents import load_document
from vision.spec.job import parse_job
from vision.spec.parameters import documented_default, list_parameters

pytestmark = [pytest.mark.django_db, pytest.mark.services]
TASKS = [(task_type, info) for task_type in TaskType for info in list_architectures(task_type)]


@pytest.mark.parametrize(("task_type", "info"), TASKS, ids=lambda value: getattr(value, "name", str(value)))
def test_the_form_shows_exactly_what_the_network_takes(task_type: TaskType, info: ArchitectureInfo) -> None:
    form = JobForm.from_document({"task": str(task_type), "training_parameters": {"model_name": info.name}})
    listed = {entry.name for entry in list_parameters(task_type, info.name)}
    assert names_of(form) == listed - {"model_name"}
    assert [card.name for card in form.cards if card.is_chosen] == [info.name]
    assert {card.name for card in form.cards} == {"", *(entry.name for entry in list_architectures(task_type))}
    for field in form.fields:
        default = documented_default(field.parameter.name, info.name, task_type)
        assert field.default_text != "" or default == ""
        assert field.parameter.help


def test_an_id_without_a_card_shows_what_its_task_makes_of_it() -> None:
    shown = {}
    for task_type in ("image_classification", "image_object_detection", "image_instance_segmentation"):
        form = JobForm.from_document({"task": task_type, "training_parameters": {"model_name": "someone/net"}})
        assert form.is_other_network
        shown[task_type] = names_of(form)
    assert "training_crop_size" in shown["image_classification"] - shown["image_object_detection"]
    assert {"image_size", "nms_iou_threshold"} <= shown["image_object_detection"] - shown["image_classification"]
    assert {"mask_pixel_score_threshold"} <= shown["image_instance_segmentation"] - shown["image_object_detection"]


def test_a_dataset_in_the_address_brings_its_task(signed_in: Client, version: DatasetVersion, make_version) -> None:
    make_version("nuts", "image_object_detection")
    form = signed_in.get("/jobs/new/?dataset=nuts:1").context["form"]
    document = load_document(form.text)
    assert (document["task"], document["primary_metric"]) == ("image_object_detection", "mean_average_precision")
    assert not form.checked.problems
    assert form.checked.plan.resolution.values["model_name"] == "yolov5"
    assert {"image_size", "model_size"} <= names_of(form)
    assert "min_size" not in names_of(form)
    assert [option.value for option in form.training_options] == ["azureml:nuts:1"]


@pytest.mark.parametrize(
    ("task_type", "metric", "network"),
    [
        ("image_classification_multilabel", "iou", "mobilenetv2"),
        ("image_object_detection", "mean_average_precision", "yolov5"),
        ("image_instance_segmentation", "mean_average_precision", "maskrcnn_resnet50_fpn"),
    ],
)
def test_another_task_brings_its_metric_data_and_networks(
    signed_in: Client,
    version: DatasetVersion,
    make_version,
    task_type: str,
    metric: str,
    network: str,
) -> None:
    make_version("others", task_type)
    document = text_of(signed_in.get("/jobs/new/?dataset=flowers:1"))
    document += "training_parameters: {model_name: resnet18, weighted_loss: 1, learning_rate: 0.02}\n"
    response = post(signed_in, "next", document, step="1", task=task_type)
    form = response.context["form"]
    spec = parse_job(text_of(response))
    assert (spec.task_type, spec.primary_metric, spec.training_data.path) == (task_type, metric, "azureml:others:1")
    assert spec.training_parameters["learning_rate"] == 0.02
    assert ("model_name" in spec.training_parameters) == (task_type == "image_classification_multilabel")
    assert ("weighted_loss" in spec.training_parameters) == (task_type == "image_classification_multilabel")
    assert not form.checked.problems
    if "model_name" not in spec.training_parameters:
        assert form.checked.plan.resolution.values["model_name"] == network


def test_a_task_without_data_says_so(signed_in: Client, version: DatasetVersion) -> None:
    document = text_of(signed_in.get("/jobs/new/"))
    response = post(signed_in, "step-1", document, task="image_object_detection")
    assert "training_data" not in load_document(text_of(response))
    assert "No dataset is labelled for object detection yet" in response.content.decode()


def test_another_network_leaves_out_what_it_does_not_take(signed_in: Client, make_version) -> None:
    make_version("nuts", "image_object_detection")
    document = text_of(signed_in.get("/jobs/new/?dataset=nuts:1"))
    document += "training_parameters: {model_name: yolov5, image_size: 320, learning_rate: 0.02}\n"
    fields = {"training_parameters__model_name": "fasterrcnn_resnet50_fpn"}
    response = post(signed_in, "next", document, step="2", **fields)
    assert load_document(text_of(response))["training_parameters"] == {
        "model_name": "fasterrcnn_resnet50_fpn",
        "learning_rate": 0.02,
    }
    assert not response.context["form"].checked.problems


def test_what_belongs_to_another_network_is_named_in_the_yaml(signed_in: Client, make_version) -> None:
    make_version("nuts", "image_object_detection")
    document = text_of(signed_in.get("/jobs/new/?dataset=nuts:1"))
    document += "training_parameters:\n  model_name: yolov5\n  min_size: 600\n"
    problem = JobForm(document).checked.problems[0]
    assert problem.path == "training_parameters.min_size"
    assert problem.message == "min_size belongs to fasterrcnn and retinanet; yolov5 takes image_size."
    assert problem.line == len(document.splitlines())


def test_the_answer_brings_the_fields_anew_where_they_are_others(
    signed_in: Client, version: DatasetVersion, make_version
) -> None:
    make_version("nuts", "image_object_detection")
    form = signed_in.get("/jobs/new/?dataset=flowers:1").context["form"]
    data = {"document": form.text, "document_shown": form.text, "shape": form.shape, "task": "image_classification"}
    assert "parts" not in signed_in.post("/jobs/new/yaml/", data).json()
    answer = signed_in.post("/jobs/new/yaml/", {**data, "task": "image_object_detection"}).json()
    assert answer["shape"] == "image_object_detection:yolov5"
    assert 'name="training_parameters.image_size"' in answer["parts"]["run"]
    assert "azureml:nuts:1" in answer["parts"]["data"]
    assert "azureml:flowers:1" not in answer["parts"]["data"]
    again = signed_in.post(
        "/jobs/new/yaml/", {**data, "document": answer["document"], "document_shown": "", "shape": answer["shape"]}
    )
    assert "parts" not in again.json()


def test_a_network_without_a_card_is_named_in_its_field(signed_in: Client, version: DatasetVersion) -> None:
    document = text_of(signed_in.get("/jobs/new/"))
    fields = {"training_parameters__model_name": "other", "other_model_name": "no/where at all"}
    response = post(signed_in, "next", document, step="2", **fields)
    form = response.context["form"]
    assert load_document(text_of(response))["training_parameters"]["model_name"] == "no/where at all"
    assert (form.values["training_parameters.model_name"], form.values["other_model_name"]) == (
        "other",
        "no/where at all",
    )
    assert form.problems_by_field.keys() == {"training_parameters_model_name"}
    back = post(signed_in, "next", text_of(response), step="2", training_parameters__model_name="resnet18")
    assert load_document(text_of(back))["training_parameters"] == {"model_name": "resnet18"}


def test_an_mmdetection_name_shows_what_is_trained_in_its_place(signed_in: Client, make_version) -> None:
    make_version("nuts", "image_object_detection")
    document = text_of(signed_in.get("/jobs/new/?dataset=nuts:1"))
    document += "training_parameters: {model_name: mmd-3x-yolof_r50_c5_8x8_1x_coco}\n"
    form = JobForm(document)
    assert form.is_other_network
    assert "min_size" in names_of(form)
    page = signed_in.post("/jobs/new/plan/", {"document": document, "document_shown": document}).content.decode()
    assert "RetinaNet, ResNet-50 stands in for it" in page
