"""Parts of a whole Darkroom killed, and jobs canceled, at bad moments of a real trial that is asked for over REST."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from studio.demo.client import Client
from tests.documents import ENDED, make_job_document
from tests.processes import is_gone, processes_of, wait_for, wait_until_empty
from tests.running import Running, launch, whole_darkroom
from tests.studio.test_tree import no_orphans, part
from vision.data.sample import write_sample
from vision.errors import DarkroomError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LONG, SHORT = 28, 2  # epochs of some half a second each on a processor
PROCESSOR_ONLY = {"STUDIO_GPUS": "none"}  # a GPU would be done before anything can be killed
CROP = 64
PARAMETERS = {
    "model_name": "timm/test_resnet",
    "pretrained": "none",
    "training_crop_size": CROP,
    "validation_crop_size": CROP,
    "validation_resize_size": CROP,
    "training_batch_size": 8,
    "number_of_workers": 0,
    "mixed_precision": "off",
    "early_stopping": False,
    "random_seed": 7,
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "fasteners.zip"
    write_sample("image_classification", path, images=90)
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory, archive) -> Iterator[Running]:
    """A Darkroom to be mistreated, with a dataset in it; nothing of it may outlive its launcher."""
    with whole_darkroom(tmp_path_factory.mktemp("own") / "a home", **PROCESSOR_ONLY) as running:
        client = Client(running.url, running.token)
        client.upload("/datasets", archive, name="fasteners")
        path = "/datasets/fasteners/versions/1"
        assert client.wait(path, lambda d: d["status"] != "importing", lambda d: None, 120)["status"] == "ready"
        yield running


class Watched:
    """A job with one trial, looked at from outside, also while the web is away."""

    def __init__(self, running: Running, epochs: int) -> None:
        self.running, self.epochs = running, epochs
        self.client = Client(running.url, running.token)
        parameters = PARAMETERS | {"number_of_epochs": epochs}
        document = make_job_document("image_classification", "accuracy", "fasteners:1", parameters)
        self.name: str = self.client.post("/jobs", document)["name"]
        self.path = f"/jobs/{self.name}/trials/0"
        self.folder = running.home / "storage" / "trials" / f"{self.name}_HD_0"

    def look(self) -> dict[str, Any]:
        """The trial; nothing in it while the web does not answer."""
        try:
            return self.client.get(self.path)
        except httpx.TransportError:
            return {}

    def wait_until(self, is_so: Callable[[dict[str, Any]], bool], what: str, timeout: float = 420) -> dict[str, Any]:
        """The trial once it is so. One that has ended otherwise is not waited for."""
        seen: dict[str, Any] = {}

        def find() -> bool:
            seen.clear()
            seen.update(self.look())
            found = bool(seen) and is_so(seen)
            assert found or seen.get("status") not in ENDED, f"{what}: {seen['status']} {seen['error']}"
            return found

        wait_for(find, timeout, what)
        return seen

    def wait_until_trained(self, epochs: int) -> dict[str, Any]:
        return self.wait_until(lambda t: t["status"] == "Running" and t["epochs"] >= epochs, f"{epochs} epochs")

    def wait_until_ended(self) -> dict[str, Any]:
        return self.wait_until(lambda t: t["status"] in ENDED, "the end")

    def log(self) -> str:
        return self.client.get(f"{self.path}/logs")["text"]


def trainings(home: Path) -> list[psutil.Process]:
    """The processes that train."""
    return [process for process in processes_of(home) if _is_training(process)]


def _is_training(process: psutil.Process) -> bool:
    try:
        return "vision.training" in process.cmdline()
    except psutil.Error:
        return False


def kill_and_wait(running: Running, name: str) -> None:
    """`kill -9` one part; return once there is a new one and all is well."""
    victim = wait_for(lambda: part(running.home, name))
    victim.kill()
    wait_for(lambda: is_gone(victim.pid), 5)
    wait_for(lambda: (new := part(running.home, name)) and new.pid != victim.pid, 60, f"{name} is back")
    running.wait_until_healthy(60)


def check_completed(watched: Watched) -> dict[str, Any]:
    """Trial and job Completed, each metric told of each epoch once, nothing left running."""
    trial = watched.wait_until_ended()
    assert trial["status"] == "Completed", trial["error"]
    assert (trial["epochs"], trial["error"]) == (watched.epochs, None)
    job = watched.client.get(f"/jobs/{watched.name}")
    assert (job["status"], job["best_trial"]["name"]) == ("Completed", trial["name"])
    series = watched.client.get(f"{watched.path}/metrics")["series"]
    assert {"accuracy", "loss_train", "loss_valid", "learning_rate"} <= set(series)
    every = list(range(1, watched.epochs + 1))
    assert {name: [point["epoch"] for point in points] for name, points in series.items()} == dict.fromkeys(
        series, every
    )
    check_outputs(watched)
    check_quiet(watched)
    return trial


def check_outputs(watched: Watched) -> None:
    """All of the outputs are there, and they are good for a model."""
    sizes = {item["path"]: item["size"] for item in watched.client.get(f"{watched.path}/outputs")["items"]}
    assert {"outputs/model.safetensors", "outputs/mlflow-model/MLmodel", "evaluation/predictions.parquet"} <= set(sizes)
    assert all(sizes[name] for name in ("outputs/model.safetensors", "outputs/mlflow-model/MLmodel"))
    assert watched.client.get(f"{watched.path}/evaluation")["images"] == 18
    assert register(watched)["version"]


def register(watched: Watched) -> dict[str, Any]:
    path = f"azureml://jobs/{watched.name}_HD_0/outputs/artifacts/outputs/mlflow-model/"
    return watched.client.post("/models", {"name": "fasteners", "path": path, "type": "mlflow_model"})


def check_quiet(watched: Watched, has_checkpoint: bool = False) -> None:
    """Nothing trains, everything hangs below the launcher, and only what the trial's row names lies in storage."""
    home = watched.running.home
    wait_for(lambda: not trainings(home), 20, "no training process is left")
    wait_for(lambda: no_orphans(watched.running), 20, "orphans are gone")
    wait_for(lambda: not list(home.glob("node/*/trials/*/*")), 20, "the attempts' folders are gone")
    kept = 1 if has_checkpoint else 0  # of a trial that was stopped, to go on with
    wait_for(lambda: len(list(watched.folder.glob("checkpoints/*"))) == kept, 20, "other checkpoints are gone")


def test_broker_web_and_agent_killed_one_after_another(own):
    watched = Watched(own, LONG)
    watched.wait_until_trained(1)
    before = trainings(own.home)
    for name in ("broker", "web"):
        kill_and_wait(own, name)
        trial = watched.wait_until(lambda t: t["status"] == "Running", f"it trains on without the {name}", 10)
        assert trial["attempts"] == 1
        assert trainings(own.home) == before, "the training has nothing to do with it"
    kill_and_wait(own, "agent")
    wait_for(lambda: not any(process.is_running() for process in before), 40, "the agent's death ends the training")
    watched.wait_until(lambda t: t["attempts"] == 2, "a new worker takes it up")
    trial = check_completed(watched)
    assert trial["attempts"] == 2
    assert "from the checkpoint of epoch" in watched.log()


def test_killed_launcher_goes_on_where_it_was(own):
    watched = Watched(own, 12)
    trained = watched.wait_until_trained(2)["epochs"]
    wait_for(lambda: list(watched.folder.glob("checkpoints/*")))
    assert trainings(own.home)
    own.process.kill()
    own.process.wait()
    assert wait_until_empty(own.home, 40) == []
    own.process = launch(own.home, own.port, **PROCESSOR_ONLY).process
    own.wait_until_healthy()
    trial = check_completed(watched)
    assert trial["attempts"] == 2
    resumed = watched.log().rpartition("from the checkpoint of epoch")[2].split()[0]
    assert int(resumed) >= trained - 1  # the last epoch's checkpoint may have been on its way into storage


def wait_for_finalizing(watched: Watched) -> None:
    watched.wait_until(lambda t: t["status"] == "Finalizing", "it finalizes")


def wait_for_first_output(watched: Watched) -> None:
    """Until the worker has begun to put the outputs into storage: a tenth of a second is left."""
    wait_for_finalizing(watched)
    end = time.monotonic() + 60
    while not (watched.folder / "attempt-1").exists():
        assert time.monotonic() < end, watched.look()
        time.sleep(0.001)


@pytest.mark.parametrize("wait", [wait_for_finalizing, wait_for_first_output])
def test_cancel_while_it_finalizes(own, wait):
    """Who is told that it is canceled gets no model; who comes too late is told so, and gets all of it."""
    watched = Watched(own, SHORT)
    wait(watched)
    answer = cancel(watched)
    print("the cancel was answered with", answer.status_code)
    if answer.status_code == 409:
        assert wait is wait_for_first_output
        check_completed(watched)
    else:
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["is_cancel_requested"]) == ("Finalizing", True)
        check_canceled(watched)
    following = Watched(own, SHORT)
    following.wait_until(lambda t: t["status"] == "Running", "the slot is free again")
    cancel(following)
    following.wait_until_ended()


def cancel(watched: Watched) -> httpx.Response:
    headers = {"Authorization": f"Bearer {watched.running.token}"}
    return httpx.post(f"{watched.running.url}/api/v1/jobs/{watched.name}/cancel", headers=headers, timeout=60)


def check_canceled(watched: Watched) -> None:
    trial = watched.wait_until_ended()
    assert (trial["status"], trial["phase"], trial["error"]) == ("Canceled", "", None)
    job = watched.client.get(f"/jobs/{watched.name}")
    assert (job["status"], job["best_trial"], job["is_cancel_requested"]) == ("Canceled", None, False)
    check_quiet(watched, has_checkpoint=True)
    wait_for(lambda: not list(watched.folder.glob("attempt-*")), 20, "no outputs are left in storage")
    assert watched.client.get(f"{watched.path}/outputs")["items"] == []
    with pytest.raises(DarkroomError, match="no model"):
        register(watched)
