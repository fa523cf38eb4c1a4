"""The help page of hyperparameters, one tab a task type."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from vision.catalog.architectures import list_architectures
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.spec.parameters import PARAMETERS, list_task_parameters

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def page_of(client: Client, query: str) -> str:
    response = client.get(f"/help/parameters/{query}")
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("task_type", list(TaskType))
def test_each_task_shows_its_parameters_and_no_others(signed_in: Client, task_type: TaskType) -> None:
    page = page_of(signed_in, f"?task={task_type}")
    listed = {entry.name: entry for entry in list_task_parameters(task_type)}
    shown = set(re.findall(r'<tr id="(\w+)"', page))
    assert shown == listed.keys()
    for entry in listed.values():
        assert entry.help in page
        assert all(alias in page for alias in entry.aliases)
    for info in list_architectures(task_type):
        assert f"<code>{info.name}</code>" in page
    assert f'<a href="?task={task_type}" aria-current="page">' in page


def test_what_few_networks_obey_names_them(signed_in: Client) -> None:
    page = page_of(signed_in, "?task=image_object_detection")
    row = page[page.index('<tr id="image_size"') : page.index("</tr>", page.index('<tr id="image_size"'))]
    assert "yolov5, detr only" in row
    assert "640" in row
    size = page[page.index('<tr id="model_size"') : page.index("</tr>", page.index('<tr id="model_size"'))]
    assert "yolov5 only" in size
    batch = page[
        page.index('<tr id="training_batch_size"') : page.index("</tr>", page.index('<tr id="training_batch_size"'))
    ]
    assert "16 (yolov5)" in batch
    assert "2 (fasterrcnn, retinanet)" in batch
    assert "8 (detr)" in batch
    rates = page_of(signed_in, "?task=image_classification")
    row = rates[rates.index('<tr id="learning_rate"') : rates.index("</tr>", rates.index('<tr id="learning_rate"'))]
    assert "0.01 (mobilenet, resnet, resnest, seresnext)" in row
    assert "0.001 (vitl16r224)" in row
    masks = page_of(signed_in, "?task=image_instance_segmentation")
    row = masks[masks.index('<tr id="image_size"') : masks.index("</tr>", masks.index('<tr id="image_size"'))]
    assert "yolov5, mask2former only" in row
    assert "Any other Mask2Former on the Hugging Face Hub" in masks


def test_stand_ins_of_mmdetection_are_listed(signed_in: Client) -> None:
    assert "mmd-3x-yolof_r50_c5_8x8_1x_coco" in page_of(signed_in, "?task=image_object_detection")
    assert "mmd-3x" not in page_of(signed_in, "")


@pytest.mark.parametrize("query", ["", "?task=nothing"])
def test_without_a_task_it_is_the_first(signed_in: Client, query: str) -> None:
    page = page_of(signed_in, query)
    assert f'<a href="?task={next(iter(TASK_TYPES)).name}" aria-current="page">' in page


def test_together_the_tabs_show_the_whole_table(signed_in: Client) -> None:
    shown = {name for task in TaskType for name in re.findall(r'<tr id="(\w+)"', page_of(signed_in, f"?task={task}"))}
    assert shown == set(PARAMETERS.names())
