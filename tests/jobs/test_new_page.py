"""The New job page as a browser without JavaScript uses it, and what its JavaScript asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from datasets import storage as files
from datasets.models import Dataset, DatasetVersion
from jobs.forms import JobForm
from jobs.models import Job
from vision.catalog.architectures import ArchitectureInfo, list_architectures
from vision.catalog.task_types import TaskType
from vision.data.manifest import write_manifest
from vision.spec.documents import load_document
from vision.spec.job import parse_job
from vision.spec.parameters import documented_default, list_parameters

pytestmark = [pytest.mark.django_db, pytest.mark.services]


OBJECTS = {
    "image_object_detection": [
        {"label": "nut", "topX": 0.1, "topY": 0.1, "bottomX": 0.5, "bottomY": 0.6, "isCrowd": 0}
    ],
    "image_instance_segmentation": [{"label": "nut", "isCrowd": 0, "polygon": [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5]]}],
    "image_classification_multilabel": ["daisy"],
}


def make_rows(count: int) -> list[dict[str, object]]:
    return [
        {
            "row": index,
            "split": "train",
            "path": f"{index}.png",
            "sha256": f"{index:064x}",
            "format": "PNG",
            "width": 8,
            "height": 8,
            "bytes": 100,
            "labels": [("daisy", "rose")[index % 2]],
            "annotation": '"daisy"',
            "source_file": "a.jsonl",
            "source_line": index + 1,
            "source": "",
        }
        for index in range(count)
    ]


@pytest.fixture
def version(storage: Path, tmp_path: Path) -> DatasetVersion:
    """A ready version of 300 images, written as an import leaves it."""
    dataset = Dataset.objects.create(name="flowers", task_type="image_classification")
    version = DatasetVersion.objects.create(
        dataset=dataset,
        number=1,
        status=DatasetVersion.Status.READY,
        task_type="image_classification",
        image_count=300,
        label_names=["daisy", "rose"],
        split_counts={"train": 300},
        manifest_key=f"datasets/{tmp_path.name}/manifest.parquet",
    )
    write_manifest(make_rows(300), tmp_path / "manifest.parquet")
    files.put_file(tmp_path / "manifest.parquet", version.manifest_key)
    return version


@pytest.fixture
def make_version(storage: Path, tmp_path: Path) -> Callable[[str, str], DatasetVersion]:
    """Ready versions of 300 images for other tasks, written as an import leaves them."""

    def make(name: str, task_type: str) -> DatasetVersion:
        annotation = json.dumps(OBJECTS[task_type])
        rows = [{**row, "annotation": annotation, "labels": ["nut"]} for row in make_rows(300)]
        key = f"datasets/{name}/manifest.parquet"
        write_manifest(rows, tmp_path / f"{name}.parquet")
        files.put_file(tmp_path / f"{name}.parquet", key)
        dataset = Dataset.objects.create(name=name, task_type=task_type)
        return DatasetVersion.objects.create(
            dataset=dataset,
            number=1,
            status=DatasetVersion.Status.READY,
            task_type=task_type,
            image_count=300,
            label_names=["nut"],
            split_counts={"train": 300},
            manifest_key=key,
        )

    return make


def names_of(form: JobForm) -> set[str]:
    return {field.parameter.name for field in form.fields}


def post(client: Client, action: str, document: str, shown: str | None = None, **fields: str):
    data = {name.replace("__", "."): value for name, value in fields.items()}
    shown = document if shown is None else shown
    return client.post("/jobs/new/", {**data, "document": document, "document_shown": shown, "action": action})


def text_of(response) -> str:
    return response.context["form"].text


def test_the_first_page_names_the_latest_dataset(signed_in: Client, version: DatasetVersion) -> None:
    response = signed_in.get("/jobs/new/")
    assert response.status_code == 200
    assert load_document(text_of(response))["training_data"]["path"] == "azureml:flowers:1"
    assert response.context["form"].checked.plan is not None
    page = response.content.decode()
    assert 'name="training_parameters.learning_rate"' in page
    assert "Start training" in page


def test_every_parameter_stands_there_with_its_default_range_and_help(signed_in: Client, version) -> None:
    form = signed_in.get("/jobs/new/?step=2").context["form"]
    for field in form.fields:
        assert field.default_text
        assert field.parameter.help
    rate = next(field for field in form.fields if field.parameter.name == "learning_rate")
    assert rate.default_text == "0.00205"
    assert "Lowered with the batch" in rate.reason


def test_without_a_dataset_the_page_says_where_to_get_one(signed_in: Client) -> None:
    response = signed_in.get("/jobs/new/")
    assert response.status_code == 200
    assert "There is no dataset to train on yet" in response.content.decode()


def test_a_dataset_is_filled_in_by_the_address(signed_in: Client, version: DatasetVersion) -> None:
    DatasetVersion.objects.create(dataset=version.dataset, number=2, status=DatasetVersion.Status.READY)
    response = signed_in.get("/jobs/new/?dataset=flowers:1")
    assert load_document(text_of(response))["training_data"]["path"] == "azureml:flowers:1"


@pytest.mark.parametrize("query", ["dataset=nothing:1", "dataset=%20/", "clone=nothing", "step=9999"])
def test_a_wrong_address_still_shows_the_form(signed_in: Client, query: str) -> None:
    response = signed_in.get(f"/jobs/new/?{query}")
    assert response.status_code == 200
    assert "New job" in response.content.decode()


def test_the_steps_work_without_javascript(signed_in: Client, version: DatasetVersion) -> None:
    document = text_of(signed_in.get("/jobs/new/"))
    response = post(signed_in, "next", document, step="1", display_name="My roses", validation="own")
    assert response.context["form"].step == 2
    assert "My roses" in text_of(response)
    fields = {"training_parameters__model_name": "resnet18", "training_parameters__learning_rate": "0.5"}
    response = post(signed_in, "next", text_of(response), step="2", **fields)
    assert response.context["form"].step == 3
    spec = parse_job(text_of(response))
    assert spec.training_parameters == {"model_name": "resnet18", "learning_rate": 0.5}
    assert spec.display_name == "My roses"
    assert post(signed_in, "back", text_of(response), step="3").context["form"].step == 2


def test_edited_yaml_wins_over_the_fields(signed_in: Client, version: DatasetVersion) -> None:
    shown = text_of(signed_in.get("/jobs/new/"))
    edited = shown + "training_parameters:\n  number_of_epochs: 7\n"
    response = post(signed_in, "read", edited, shown, training_parameters__number_of_epochs="3")
    assert response.context["form"].values["training_parameters.number_of_epochs"] == "7"


def test_submitting_twice_makes_one_job(signed_in: Client, version: DatasetVersion) -> None:
    form = signed_in.get("/jobs/new/").context["form"]
    answers = [post(signed_in, "submit", form.text, submission_key=form.submission_key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    job = Job.objects.get()
    assert answers[0].url == answers[1].url == f"/jobs/{job.name}/"


def test_an_edited_job_sent_from_the_same_page_is_another(signed_in: Client, version: DatasetVersion) -> None:
    form = signed_in.get("/jobs/new/").context["form"]
    for epochs in ("1", "2"):
        post(signed_in, "submit", form.text, submission_key="k", training_parameters__number_of_epochs=epochs)
    assert Job.objects.count() == 2


def test_a_refused_job_comes_back_with_the_step_the_field_and_the_line(signed_in: Client, version) -> None:
    document = text_of(signed_in.get("/jobs/new/"))
    response = post(
        signed_in,
        "submit",
        document,
        step="3",
        training_parameters__learning_rate="7",
        training_parameters__optimizer="",
    )
    form = response.context["form"]
    assert response.status_code == 422
    assert form.step == 2
    assert form.values["training_parameters.learning_rate"] == "7"
    assert form.problems_by_field == {"training_parameters_learning_rate": "Must be 0 to 1, not 7."}
    assert form.checked.problems[0].line == form.text.splitlines().index("  learning_rate: 7") + 1
    assert not Job.objects.exists()


def test_the_yaml_answer_tells_fields_defaults_and_problems(signed_in: Client, version: DatasetVersion) -> None:
    document = text_of(signed_in.get("/jobs/new/")) + "training_parameters: {lr_scheduler: step, optimizer: lion}\n"
    answer = signed_in.post("/jobs/new/yaml/", {"document": document, "document_shown": ""}).json()
    assert answer["document"] == document
    assert answer["values"]["training_parameters.learning_rate_scheduler"] == "step"
    assert [(item["field"], item["line"]) for item in answer["problems"]] == [
        ("training_parameters.optimizer", len(document.splitlines()))
    ]
    assert answer["defaults"]["training_parameters.number_of_epochs"]["text"] == "15"


def test_broken_yaml_leaves_the_fields_alone(signed_in: Client) -> None:
    answer = signed_in.post("/jobs/new/yaml/", {"document": "a: b: c", "document_shown": ""}).json()
    assert answer["values"] is None
    assert answer["problems"][0]["line"] == 1


def test_download(signed_in: Client, version: DatasetVersion) -> None:
    document = text_of(signed_in.get("/jobs/new/"))
    response = signed_in.post("/jobs/new/yaml/", {"document": document, "document_shown": document, "download": "1"})
    assert response["Content-Disposition"] == 'attachment; filename="job.yml"'
    assert parse_job(response.content)


def test_the_plan_shows_values_with_their_reasons(signed_in: Client, version: DatasetVersion) -> None:
    document = text_of(signed_in.get("/jobs/new/"))
    page = signed_in.post("/jobs/new/plan/", {"document": document, "document_shown": document}).content.decode()
    assert "Trains on 240 images, validates on 60" in page
    assert "only 4 steps an epoch" in page


def test_a_clone_starts_from_the_other_jobs_document(signed_in: Client, version: DatasetVersion) -> None:
    form = signed_in.get("/jobs/new/").context["form"]
    post(signed_in, "submit", form.text, submission_key="k", training_parameters__number_of_epochs="4")
    response = signed_in.get(f"/jobs/new/?clone={Job.objects.get().name}")
    document = load_document(text_of(response))
    assert document["training_parameters"]["number_of_epochs"] == 4
    assert "name" not in document


def test_what_no_field_shows_is_kept(signed_in: Client, version: DatasetVersion) -> None:
    document = text_of(signed_in.get("/jobs/new/")) + "tags: {team: fig}\nproperties: {a: b}\n"
    kept = load_document(text_of(post(signed_in, "next", document, limits__timeout_minutes="5")))
    assert kept["tags"] == {"team": "fig"}
    assert kept["properties"] == {"a": "b"}
    assert kept["limits"]["timeout_minutes"] == 5


@pytest.mark.parametrize(
    ("choice", "kept"), [("own", set()), ("size", {"validation_data_size"}), ("data", {"validation_data"})]
)
def test_one_way_of_validating_counts(signed_in: Client, version: DatasetVersion, choice: str, kept: set[str]) -> None:
    fields = {"validation_data__path": "azureml:flowers:1", "validation_data_size": "0.3", "validation": choice}
    document = load_document(text_of(post(signed_in, "next", text_of(signed_in.get("/jobs/new/")), **fields)))
    assert {"validation_data", "validation_data_size"} & set(document) == kept


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
