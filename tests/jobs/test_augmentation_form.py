"""The augmentation of a job as a strength and switches, and the preview of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from datasets.models import DatasetVersion
from jobs.forms import JobForm, apply_fields, read_fields, start_document
from jobs.forms.following import follow_network
from jobs.services.planning import plan_job
from jobs.services.previewing import CLIENT, SHOWN, choose_rows, preview_key
from tests.jobs.factories import make_document, make_version
from vision.catalog.task_types import TaskType
from vision.data.manifest import read_rows
from vision.spec.augmentations import PRESETS
from vision.spec.job import parse_job

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def fields_of(value: object) -> dict[str, str]:
    return read_fields({**start_document(), "training_parameters": {"augmentations": value}})


def written(**controls: str) -> object:
    given = {f"augmentations.{name}": value for name, value in {"preset": "", **controls}.items()}
    return apply_fields(start_document(), given).get("training_parameters", {}).get("augmentations")


@pytest.mark.parametrize(
    ("value", "preset", "switched"),
    [
        ("", "", {}),
        ("light", "light", {}),
        (False, "none", {}),
        ({"flip": False}, "", {"flip": "false"}),
        ('{"preset": "none", "crop": true}', "none", {"crop": "true"}),
        ("mild", "mild", {}),
    ],
)
def test_a_value_is_shown_by_its_controls(value: object, preset: str, switched: dict[str, str]) -> None:
    fields = fields_of(value)
    assert fields["augmentations.preset"] == preset
    shown = {name: fields[f"augmentations.{name}"] for name in ("crop", "flip", "colour", "mosaic")}
    assert {name: state for name, state in shown.items() if state} == switched


def test_the_controls_together_are_the_value() -> None:
    assert written() is None
    assert written(preset="strong") == "strong"
    assert written(flip="false") == '{"preset": "standard", "flip": false}'
    assert written(preset="none", crop="true", flip="") == '{"preset": "none", "crop": true}'
    assert written(preset="mild", crop="true") == "mild"  # refused where it is checked, in its own words


def test_a_switch_says_what_it_is_by_default() -> None:
    def first_titles(**parameters: object) -> dict[str, str]:
        document = {**start_document(task_type=TaskType.DETECTION), "training_parameters": parameters}
        controls = JobForm.from_document(document).augmentation_controls
        return {control.title: control.options[0].title for control in controls[1:]}

    yolo = first_titles(advanced_settings='{"apply_mosaic_for_yolo": false}')
    assert yolo == {"Mosaic": "Default: off", "Affine": "Default: on", "Flip": "Default: on", "Colour": "Default: on"}
    assert set(first_titles(augmentations="none").values()) == {"Default: off"}
    assert list(first_titles(model_name="retinanet_resnet50_fpn")) == ["Crop", "Expand", "Flip", "Colour"]
    assert set(first_titles(advanced_settings="[").values()) == {"Default: off"}


def test_another_network_keeps_the_switches_it_has() -> None:
    before = {**start_document(task_type=TaskType.DETECTION), "training_parameters": {"model_name": "yolov5"}}
    text = '{"preset": "light", "mosaic": false, "flip": false}'
    after = {**before, "training_parameters": {"model_name": "retinanet_resnet50_fpn", "augmentations": text}}
    kept = follow_network(before, after)["training_parameters"]["augmentations"]
    assert kept == '{"preset": "light", "flip": false}'


def key_of(version: DatasetVersion, seed: int = 0, **parameters: object) -> str:
    return preview_key(plan_job(parse_job(make_document(version, **parameters))), seed)


def test_only_what_shows_asks_for_another_preview(storage) -> None:
    version = make_version()
    key = key_of(version)
    assert key_of(version, learning_rate=0.5, optimizer="adamw", number_of_epochs=9) == key
    changed = [
        *(key_of(version, augmentations=preset) for preset in PRESETS[1:]),
        key_of(version, training_crop_size=48, validation_crop_size=32),
        key_of(version, seed=1),
        key_of(make_version("others")),
    ]
    assert len({key, *changed}) == len(changed) + 1


def test_labels_are_shown_before_what_is_shown_already(storage) -> None:
    from datasets.selectors import manifest_path

    manifest = manifest_path(make_version())
    labels = read_rows(manifest)["labels"].to_pylist()
    for seed in range(5):
        chosen = choose_rows(manifest, seed)
        assert len(chosen) == len(set(chosen)) == 12
        assert len({labels[place][0] for place in chosen[:SHOWN]}) == 3
    assert choose_rows(manifest, 1) == choose_rows(manifest, 1) != choose_rows(manifest, 2)


@pytest.fixture
def drawing() -> Iterator[None]:
    yield
    CLIENT.close()


@pytest.mark.slow
@pytest.mark.usefixtures("drawing")
def test_the_page_shows_training_images_without_javascript(storage, signed_in: Client) -> None:
    make_version()
    page = signed_in.get("/jobs/new/?step=2")
    assert 'name="augmentations.crop"' in page.content.decode()
    text = page.context["form"].text
    data = {"document": text, "document_shown": text, "augmentations.preset": "light"}
    page = signed_in.post("/jobs/new/", {**data, "action": "preview"})
    shown = page.content.decode()
    assert "augmentations: light" in page.context["form"].text
    pictures = re.findall(r'src="(/jobs/new/preview/[^"]+)"', shown)
    assert len(pictures) == len(set(pictures)) == SHOWN * 5
    answer = signed_in.get(pictures[0])
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert "immutable" in answer["Cache-Control"]
    again = signed_in.post("/jobs/new/preview/", {**data, "action": "again"}).content.decode()
    assert set(re.findall(r'src="(/jobs/new/preview/[^"]+)"', again)).isdisjoint(pictures)
    assert 'name="preview_seed" value="1"' in again
    broken = signed_in.post("/jobs/new/preview/", {**data, "document": "task: [", "document_shown": ""})
    assert "something to mend first" in broken.content.decode()
    assert signed_in.get(f"/jobs/new/preview/{'0' * 32}/0-0.webp").status_code == 404
    assert Client().get(pictures[0]).status_code == 302  # to the sign-in page
