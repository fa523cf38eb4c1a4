"""Whole jobs over REST alone, from a sample to an answer, against a Darkroom started as a user starts it."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from studio.demo.client import Client
from studio.demo.steps import deploy, first_image, run_demo
from tests.answers import check_boxes
from tests.documents import ENDED, make_job_document, make_scoring_request
from tests.running import Running, whole_darkroom
from vision.data.sample import write_sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCORE_ELSEWHERE = """
import base64, json, sys
import mlflow, pandas
folder, image = sys.argv[1:]
model = mlflow.pyfunc.load_model(folder)
frame = pandas.DataFrame({"image": [base64.b64encode(open(image, "rb").read()).decode()]})
print("ANSWER" + json.dumps(model.predict(frame).to_dict("records")))
"""


@pytest.fixture(scope="module")
def darkroom(tmp_path_factory) -> Iterator[Running]:
    with whole_darkroom(tmp_path_factory.mktemp("darkroom") / "a home") as running:
        yield running


@pytest.fixture(scope="module")
def finished(darkroom):
    """The names and figures of a whole demo run, done once for the tests below; in fewer epochs than a user's."""
    lines: list[str] = []
    result = run_demo(Client(darkroom.url, darkroom.token), lines.append, epochs=6)
    return result | {"lines": lines}


def test_job_reaches_a_useful_accuracy(finished):
    best = finished["job"]["best_trial"]
    assert finished["job"]["status"] == "Completed"
    assert best["primary_metric"] >= 0.6
    assert best["name"] == f"{finished['job']['name']}_HD_0"


def test_every_page_that_was_named_answers(finished, darkroom):
    pages = [line.strip() for line in finished["lines"] if line.strip().startswith("http")]
    assert len(pages) == 6
    with httpx.Client(follow_redirects=True) as browser:
        browser.get(darkroom.sign_in_url).raise_for_status()
        for page in pages:
            answer = browser.get(page)
            assert answer.status_code == 200, page
            assert "sign-in" not in str(answer.url)


def test_explained_answer_holds_probabilities_and_a_picture(finished):
    answer = finished["answer"]
    assert abs(sum(answer["probs"]) - 1) < 1e-3
    assert sorted(answer["labels"]) == sorted(set(answer["labels"]))
    picture = Image.open(io.BytesIO(base64.b64decode(answer["visualizations"])))
    assert picture.width >= 2 * 96


def test_downloaded_model_predicts_the_same_without_darkroom(finished, darkroom, tmp_path):
    client = Client(darkroom.url, darkroom.token)
    model = finished["model"]
    archive = httpx.get(
        f"{darkroom.url}/api/v1/models/{model['name']}/versions/{model['version']}/download",
        headers={"Authorization": f"Bearer {darkroom.token}"},
        timeout=60,
    )
    archive.raise_for_status()
    folder = tmp_path / "model"
    zipfile.ZipFile(io.BytesIO(archive.content)).extractall(folder)
    mlmodel = next(folder.rglob("MLmodel"))
    assert not list(folder.rglob("*.pkl"))
    assert json.loads((mlmodel.parent / "artifacts" / "settings.json").read_text())["valid_crop_size"] == 96
    image = tmp_path / "washer.png"
    Image.new("RGB", (120, 110), (120, 130, 90)).save(image)
    served = client.post(
        f"/endpoints/{finished['endpoint']['name']}/score",
        {"input_data": {"columns": ["image"], "data": [base64.b64encode(image.read_bytes()).decode()]}},
    )[0]
    loaded = _score_elsewhere(mlmodel.parent, image, tmp_path)[0]
    assert loaded["labels"] == served["labels"]
    assert loaded["probs"] == pytest.approx(served["probs"], abs=1e-3)


def _score_elsewhere(folder: Path, image: Path, cwd: Path) -> list[dict]:
    script = cwd / "score.py"
    script.write_text(SCORE_ELSEWHERE)
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(folder), str(image)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("ANSWER"))
    rows = json.loads(line.removeprefix("ANSWER"))
    return [{key: json.loads(v) if isinstance(v, str) else v for key, v in row.items()} for row in rows]


SEGMENTS = "segments"
SEGMENTATION = {
    "model_name": "maskrcnn_resnet18_fpn",
    "min_size": 64,
    "max_size": 96,
    "training_batch_size": 4,
    "validation_batch_size": 4,
    "proposals": "reduced",
    "box_score_threshold": 0.0,  # after one epoch it is sure of nothing: the best it finds is answered
    "box_detections_per_image": 3,
    "number_of_epochs": 1,
    "pretrained": "none",
    "number_of_workers": 0,
    "mixed_precision": "off",
    "random_seed": 7,
}


def test_masks_from_their_sample_to_an_answer(darkroom, tmp_path):
    """The other task types' way is gone in the browser's tests, over models that these need anyway."""
    client = Client(darkroom.url, darkroom.token)
    archive = tmp_path / "sample.zip"
    write_sample("image_instance_segmentation", archive, images=20)
    client.upload("/datasets", archive, name=SEGMENTS)
    version = client.wait(
        f"/datasets/{SEGMENTS}/versions/1", lambda d: d["status"] != "importing", lambda d: None, limit=180
    )
    assert (version["status"], version["task"]) == ("ready", "image_instance_segmentation")
    document = make_job_document("image_instance_segmentation", "mean_average_precision", f"{SEGMENTS}:1", SEGMENTATION)
    job = client.post("/jobs", document)["name"]
    trial = client.wait(f"/jobs/{job}/trials/0", lambda t: t["status"] in ENDED, lambda t: None, limit=600)
    assert trial["status"] == "Completed", trial["error"]
    evaluation = client.get(f"/jobs/{job}/trials/0/evaluation")
    assert evaluation["task_type"] == "image_instance_segmentation"
    assert evaluation["metrics"]["mean_average_precision"] == trial["primary_metric"]
    path = f"azureml://jobs/{trial['name']}/outputs/artifacts/outputs/mlflow-model/"
    model = client.post("/models", {"name": SEGMENTS, "path": path, "type": "mlflow_model"})
    endpoint = deploy(client, lambda line: None, model)
    answer = client.post(f"/endpoints/{endpoint['name']}/score", make_scoring_request(first_image(archive)[1]))
    assert answer[0]["boxes"]
    check_boxes(answer, version["labels"], has_polygons=True)
