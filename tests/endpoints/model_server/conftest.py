from __future__ import annotations

import pytest

from tests.endpoints.model_server.running import run_model_server
from tests.vision.inference.models import make_model


@pytest.fixture(scope="package")
def model_folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("served model") / "mlflow-model")


@pytest.fixture(scope="module")
def server(model_folder, tmp_path_factory):
    with run_model_server(model_folder, tmp_path_factory.mktemp("server") / "log") as running:
        running.wait_until_healthy()
        yield running
