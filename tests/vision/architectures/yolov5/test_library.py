"""What importing ultralytics through our own module leaves behind: nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.heavy

SCRIPT = """
import json, os, sys
import cv2, numpy, PIL.Image, torch
from pathlib import Path

events = []
def audit(event, arguments):
    is_written = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if event.startswith(("socket.", "urllib.")) or is_written or event in ("os.mkdir", "os.rename"):
        events.append([event, str(arguments[0])])
sys.addaudithook(audit)
torch.set_num_threads(3)
cv2.setNumThreads(3)

def look():
    return {
        "threads": torch.get_num_threads(), "cv2": cv2.getNumThreads(), "save": id(torch.save),
        "open": id(PIL.Image.open), "numpy": str(numpy.get_printoptions()), "torch": str(torch.tensor([1 / 3])),
        "environment": {name: value for name, value in os.environ.items() if not name.startswith("YOLO_")},
    }

import torchvision.ops
from vision.architectures.detection import Targets
before = look()
from vision.architectures.yolov5.network import YoloV5
after = look()
torch.set_num_threads(1)
network = YoloV5("nano", 2)
targets = Targets(torch.tensor([[4., 4, 30, 30]]), torch.tensor([1]), torch.tensor([0]))
sum(network(torch.rand(1, 3, 64, 64), torch.tensor([[64, 64]]), targets).losses.values()).backward()
network.eval()(torch.rand(1, 3, 64, 64), torch.tensor([[64, 64]]))
from ultralytics.utils import ONLINE, SETTINGS, AUTOINSTALL
switched = [name for name in ("sync", "mlflow", "clearml", "comet", "dvc", "wandb", "raytune") if SETTINGS[name]]
print(json.dumps({
    "before": before, "after": after, "events": events, "online": ONLINE, "autoinstall": AUTOINSTALL,
    "switched": switched, "home": [str(path) for path in Path.home().rglob("*")],
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("YOLO_", "OMP_", "XDG_"))}
    # As in a process of a group, where ultralytics would wait for the others.
    environment |= {
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WORLD_SIZE": "2",
        "RANK": "1",
        "LOCAL_RANK": "1",
    }
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result


def test_threads_environment_and_other_libraries_stay_as_they_were(told: dict[str, Any]) -> None:
    assert told["after"] == told["before"]
    assert told["after"]["threads"] == 3
    assert "OMP_NUM_THREADS" not in told["after"]["environment"]


def test_nothing_is_asked_of_the_network(told: dict[str, Any]) -> None:
    assert [event for event in told["events"] if event[0].startswith(("socket.", "urllib."))] == []
    assert not told["online"]
    assert not told["autoinstall"]
    assert told["switched"] == []


def test_nothing_is_left_in_the_home_folder_or_beside(told: dict[str, Any]) -> None:
    assert told["home"] == []
    written = {path for event, path in told["events"] if event in ("open", "os.mkdir")}
    assert written
    # Importing torch's compiler, which torchvision does, makes its own folder.
    left = {path for path in written if Path(path).exists() and "torchinductor" not in path}
    assert left <= {os.devnull}
