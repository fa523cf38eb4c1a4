from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.errors import InvalidDocumentError
from vision.spec.references import (
    DatasetReference,
    ModelReference,
    TrialReference,
    parse_dataset_reference,
    parse_model_path,
    parse_model_reference,
)


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("azureml:flowers:3", "flowers", 3),
        ("azureml:flowers@latest", "flowers", None),
        ("azureml:flowers:latest", "flowers", None),
        ("azureml:flowers", "flowers", None),
        ("flowers:12", "flowers", 12),
        ("my-data_v1.2:1", "my-data_v1.2", 1),
        (" azureml:flowers:3\n", "flowers", 3),
    ],
)
def test_references(text: str, name: str, version: int | None) -> None:
    assert parse_dataset_reference(text) == DatasetReference(name, version)
    assert parse_model_reference(text) == ModelReference(name, version)


@pytest.mark.parametrize(
    "text", ["", "./train", "azureml:", "azureml:a:b", "azureml:a:0", "../x:1", "a b:1", "azureml:a:-1"]
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidDocumentError, match="does not name a dataset") as caught:
        parse_dataset_reference(text)
    assert "azureml:<name>:<version>" in caught.value.hint


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True), st.none() | st.integers(1, 10**6))
def test_a_reference_reads_back(name: str, version: int | None) -> None:
    reference = DatasetReference(name, version)
    assert parse_dataset_reference(str(reference)) == reference


@pytest.mark.parametrize(
    ("path", "job", "number"),
    [
        ("azureml://jobs/calm_fig_HD_0/outputs/artifacts/outputs/mlflow-model/", "calm_fig", 0),
        ("azureml://jobs/calm_fig_HD_12/outputs/artifacts/outputs/mlflow-model", "calm_fig", 12),
        ("azureml://jobs/calm_fig/outputs/artifacts/outputs/mlflow-model/", "calm_fig", None),
        ("azureml://jobs/calm_fig", "calm_fig", None),
        ("azureml://jobs/a_HD_b_HD_2/", "a_HD_b", 2),
    ],
)
def test_model_paths(path: str, job: str, number: int | None) -> None:
    assert parse_model_path(path) == TrialReference(job, number)


@pytest.mark.parametrize(
    "path", ["", "jobs/a_HD_0", "azureml://jobs/", "azureml://jobs/a/outputs/../../etc", "./mlflow-model"]
)
def test_what_is_no_model_path(path: str) -> None:
    with pytest.raises(InvalidDocumentError, match="not the path of a trial's model"):
        parse_model_path(path)
