import json

import pytest

from datasets import storage as store
from models_registry import selectors, services
from models_registry.models import ModelVersion
from tests.models_registry.factories import LABELS, MODEL_FILES, SETTINGS, make_trial, make_version
from vision.errors import ConflictError, InvalidDocumentError, NotFoundError

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def path_of(trial) -> str:
    return f"azureml://jobs/{trial.name}/outputs/artifacts/outputs/mlflow-model/"


def test_registers_a_trial_by_its_path(storage, owner):
    trial = make_trial()
    version = services.register_model(name="fasteners", path=path_of(trial), user=owner)
    assert (version.number, version.trial, version.label_names, version.settings) == (1, trial, LABELS, SETTINGS)
    assert version.size_bytes == sum(len(content) for content in MODEL_FILES.values())
    assert store.list_files("models/fasteners/1/mlflow-model") == sorted(MODEL_FILES)
    assert store.read_bytes(f"{version.storage_key}/artifacts/model.safetensors") == b"weights" * 1000


@pytest.mark.parametrize("path", ["quiet-lamp", "azureml://jobs/quiet-lamp/outputs/artifacts/outputs/mlflow-model/"])
def test_a_job_registers_its_best_trial(storage, owner, path):
    trial = make_trial("quiet-lamp")
    assert services.register_model(name="fasteners", path=path, user=owner).trial == trial


def test_the_same_name_again_makes_the_next_version(storage, owner):
    trial = make_trial()
    numbers = [services.register_model(name="fasteners", trial=trial, user=owner).number for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert selectors.get_version("fasteners").number == 3


def test_an_unfinished_trial_is_refused(storage, owner):
    trial = make_trial(finished=False)
    with pytest.raises(ConflictError, match="no model yet"):
        services.register_model(name="fasteners", path=path_of(trial), user=owner)
    with pytest.raises(ConflictError, match="no best trial"):
        services.register_model(name="fasteners", path=trial.job.name, user=owner)
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", "x" * 101, "ümlaut"])
def test_names_no_model_may_have(storage, owner, name):
    with pytest.raises(InvalidDocumentError, match="cannot name a model"):
        services.register_model(name=name, trial=make_trial(), user=owner)


def test_a_job_that_is_not_there(storage, owner):
    with pytest.raises(NotFoundError):
        services.register_model(name="fasteners", path="azureml://jobs/nowhere_HD_0", user=owner)


def test_a_failed_copy_leaves_no_version(storage, owner):
    trial = make_trial()
    store.delete_file(f"{trial.outputs_key}/outputs/mlflow-model/artifacts/model.json")
    with pytest.raises(FileNotFoundError):
        services.register_model(name="fasteners", trial=trial, user=owner)
    assert not ModelVersion.objects.exists()
    assert store.list_files("models/fasteners") == []


def test_new_settings_make_the_next_version(storage, owner):
    first = services.register_model(name="fasteners", trial=make_trial(), user=owner)
    second = services.update_settings(first, {"valid_resize_size": 100}, user=owner)
    assert (second.number, second.trial, second.metrics) == (2, first.trial, first.metrics)
    assert second.settings == {**SETTINGS, "valid_resize_size": 100}
    assert json.loads(store.read_bytes(f"{second.storage_key}/artifacts/settings.json")) == second.settings
    assert json.loads(store.read_bytes(f"{first.storage_key}/artifacts/settings.json")) == SETTINGS
    assert store.list_files(second.storage_key) == store.list_files(first.storage_key)


@pytest.mark.parametrize("changes", [{"valid_crop_size": 0}, {"valid_crop_size": 9999}, {"nonsense": 1}])
def test_settings_that_cannot_be(storage, owner, changes):
    version = services.register_model(name="fasteners", trial=make_trial(), user=owner)
    with pytest.raises(InvalidDocumentError):
        services.update_settings(version, changes, user=owner)
    assert ModelVersion.objects.count() == 1


def test_deleting_takes_the_files_and_the_last_one_the_name(storage, owner):
    version = services.register_model(name="fasteners", trial=make_trial(), user=owner)
    services.delete_version(version)
    assert store.list_files("models") == []
    with pytest.raises(NotFoundError, match="no model named"):
        selectors.get_version("fasteners")


def test_a_version_that_is_still_being_copied_is_not_shown(storage):
    make_version("fasteners", storage_key="")
    assert selectors.list_latest_versions() == []
    assert selectors.list_names() == []


def test_an_unknown_version_names_the_known_ones():
    make_version("fasteners")
    with pytest.raises(NotFoundError) as caught:
        selectors.get_version("fasteners", 7)
    assert "1" in caught.value.hint
