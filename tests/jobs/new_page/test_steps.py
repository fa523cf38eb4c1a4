"""The New job page as a browser without JavaScript uses it, and what its JavaScript asks for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from datasets import storage
from datasets.models import DatasetVersion
from jobs.models import Job
from tests.jobs.new_page.asking import post, text_of
from vision.spec.documents import load_document, write_document
from vision.spec.job import parse_job

pytestmark = [pytest.mark.django_db, pytest.mark.services]


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


class TestTheStartIsToldBeforeItIsAskedFor:
    """Where the pretrained weights are is seen in the plan, not in a trial that has failed."""

    @pytest.fixture(autouse=True)
    def _empty_machine(self, settings, tmp_path, monkeypatch) -> None:
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "no cache"))
        settings.STUDIO_WEIGHTS_DIR = str(tmp_path / "weights")
        (tmp_path / "weights").mkdir()
        settings.STUDIO_OFFLINE = True

    @pytest.fixture
    def plan_of(self, signed_in: Client, version: DatasetVersion) -> Callable[..., str]:
        def ask(network: str = "mobilenetv2", **parameters: object) -> str:
            document = load_document(text_of(signed_in.get("/jobs/new/")))
            document["training_parameters"] = {"model_name": network, **parameters}
            text = write_document(document)
            answer = signed_in.post("/jobs/new/plan/", {"document": text, "document_shown": text})
            return " ".join(answer.content.decode().split())

        return ask

    def test_missing_and_offline_the_two_ways_on_are_named(self, plan_of) -> None:
        page = plan_of()
        assert "not on this machine, and downloading is switched off: the trial would fail" in page
        assert f'href="{reverse("weights:list")}"' in page
        assert "<code>pretrained: none</code>" in page

    def test_what_the_library_may_have_kept_is_left_open(self, plan_of) -> None:
        assert "unless its library has kept them from before, the trial would fail" in plan_of("timm/resnet10t")

    def test_a_file_in_the_folder_or_in_torchs_cache_is_named(self, plan_of, tmp_path) -> None:
        kept = tmp_path / "no cache" / "hub" / "checkpoints"
        kept.mkdir(parents=True)
        (kept / "mobilenet_v2-b0353104.pth").touch()
        assert "Starts from the pretrained weights in" in plan_of()
        assert "mobilenet_v2-b0353104.pth" in plan_of()
        (tmp_path / "weights" / "mobilenet_v2-7ebf99e0.pth").touch()
        assert "mobilenet_v2-7ebf99e0.pth" in plan_of()

    def test_uploaded_ones_come_before_the_folder(self, plan_of, tmp_path) -> None:
        (tmp_path / "weights" / "mobilenet_v2-7ebf99e0.pth").touch()
        storage.write_bytes("weights/mobilenet_v2_ours.pth", b"x")
        assert "mobilenet_v2_ours.pth" in plan_of()

    def test_online_they_are_downloaded(self, plan_of, settings) -> None:
        settings.STUDIO_OFFLINE = False
        assert "pretrained weights (14 MB) are downloaded first: they are not on this machine yet" in plan_of()
        assert "are downloaded first, unless its library has kept them from before" in plan_of("timm/resnet10t")

    def test_from_scratch_nothing_is_said_of_them(self, plan_of) -> None:
        assert "pretrained weights" not in plan_of(pretrained="none")


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
