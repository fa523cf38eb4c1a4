"""What tests of the data engine share."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.datasets.factories import zip_bytes
from tests.vision.data.imports import MemorySink
from vision.data.importing import ImportOptions, import_dataset


@pytest.fixture
def run(tmp_path):
    def run_import(files, on_progress=lambda phase, fraction: None, **options):
        source = tmp_path / "source"
        source.write_bytes(files if isinstance(files, bytes) else zip_bytes(files))
        given = {"work_dir": Path(tempfile.mkdtemp(dir=tmp_path)), "file_name": "parts.zip", "workers": 2} | options
        return import_dataset(source, MemorySink(), ImportOptions(**given), on_progress)

    return run_import
