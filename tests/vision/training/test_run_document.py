from __future__ import annotations

from pathlib import Path

import pytest

from tests.vision.training.runs import make_run
from vision.errors import InvalidDocumentError
from vision.training.run_document import RunDocument


def test_a_document_reads_back_as_written(tmp_path: Path) -> None:
    run = make_run(tmp_path, attempt="token")
    assert RunDocument.read(tmp_path / "run.json") == run
    assert not list(tmp_path.glob("*.tmp"))


def test_a_broken_document_names_the_field(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"task_type": "image_classification", "surprise": 1}')
    with pytest.raises(InvalidDocumentError) as caught:
        RunDocument.read(tmp_path / "run.json")
    assert {"surprise", "architecture"} <= {detail.path for detail in caught.value.details}


def test_a_missing_document_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocumentError, match=r"run\.json"):
        RunDocument.read(tmp_path / "run.json")
