"""What the web process, the agent and the workers import must not bring torch along."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.running import ROOT

pytestmark = pytest.mark.heavy

SCRIPT = """
import sys, django
django.setup()
for name in sys.argv[1:]:
    __import__(name)
found = sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "torchvision", "timm", "captum", "mlflow"})
assert not found, found
"""


@pytest.mark.parametrize(
    "modules",
    [
        ("studio.urls", "studio.asgi"),
        ("studio.agent.agent", "studio.agent.worker"),
        ("jobs.work_items", "datasets.work_items", "vision.embedding.process"),
        ("vision.training.launch", "vision.training.event_log", "vision.training.run_document"),
    ],
    ids=["web", "agent", "work items", "launching a training"],
)
def test_no_torch(modules, tmp_path):
    environment = {**os.environ, "STUDIO_HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *modules], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
