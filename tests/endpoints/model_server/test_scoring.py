"""The contract of SPEC §3 against a real model server."""

from __future__ import annotations

import base64
import io
import json
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np
import pytest
from PIL import Image

from tests.processes import wait_for
from tests.vision.inference.models import LABELS, make_image
from vision.catalog.explainers import EXPLAINERS
from vision.inference.predictor import Predictor
from vision.spec.scoring import build_scoring_request

pytestmark = pytest.mark.slow


def encode(image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=95)
    return target.getvalue()


def make_body(*seeds, xai=None) -> bytes:
    return json.dumps(build_scoring_request([encode(make_image(seed)) for seed in seeds], xai)).encode()


@pytest.fixture(scope="module")
def predictor(model_folder):
    return Predictor.load(model_folder, "cpu")


def test_answers_as_the_model_does(server, predictor):
    answer = server.post("/predict", make_body(0, 1))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    expected = predictor.predict([Image.open(io.BytesIO(encode(make_image(seed)))) for seed in (0, 1)])
    for element, wanted in zip(answer.json(), expected, strict=True):
        assert element["labels"] == LABELS
        assert element["probs"] == pytest.approx(wanted["probs"], abs=1e-5)
        assert set(element) == {"probs", "labels"}


def test_nested_rows_and_broken_lines(server):
    text = base64.encodebytes(encode(make_image())).decode()
    body = json.dumps({"input_data": {"columns": ["image"], "index": [0], "data": [[text]]}}).encode()
    assert server.post("/predict", body).json() == server.post("/explain", make_body(0)).json()


@pytest.mark.parametrize("path", ["/predict", "/explain"])
@pytest.mark.parametrize("name", EXPLAINERS.names())
def test_explains_on_both_paths(server, path, name):
    answer = server.post(path, make_body(0, xai={"xai_algorithm": name, "attributions": True, "n_steps": 2}))
    assert answer.status_code == 200, answer.text
    (element,) = answer.json()
    assert np.array(element["attributions"]).shape == (3, 64, 64)
    assert Image.open(io.BytesIO(base64.b64decode(element["visualizations"]))).size == (128, 128)
    assert element["explained_label"] == LABELS[int(np.argmax(element["probs"]))]
    assert isinstance(element["is_informative"], bool)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"{nope", None),
        (b"{}", "input_data.data"),
        (json.dumps(build_scoring_request([b"not an image"])).encode(), "input_data.data[0]"),
        (make_body(0, xai={"xai_algorithm": "lime"}), "input_data.data[0].xai_parameters.xai_algorithm"),
        (make_body(0, xai={"n_steps": 1}), "input_data.data[0].xai_parameters.n_steps"),
    ],
)
def test_what_the_caller_got_wrong_is_said(server, body, path):
    answer = server.post("/predict", body)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["message"]
    if path:
        assert path in [detail["path"] for detail in error["details"]]


def test_one_bad_request_spoils_no_other(server):
    bodies = [make_body(seed) if seed % 3 else b"broken" for seed in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda body: server.post("/predict", body), bodies))
    assert [answer.status_code for answer in answers] == [200 if seed % 3 else 422 for seed in range(12)]
    alone = server.post("/predict", bodies[1]).json()
    assert answers[1].json()[0]["probs"] == pytest.approx(alone[0]["probs"], abs=1e-4)


def test_neither_lane_waits_for_the_other(server):
    """One lane is stopped, as by a request that takes for ever; the other answers meanwhile."""
    answered = {answered_while_held(server, lane) for lane in server.lanes()}
    assert answered == {"prediction", "explanation"}


def answered_while_held(server, lane) -> str:
    bodies = {"prediction": make_body(0), "explanation": make_body(0, xai={"xai_algorithm": "guided_backprop"})}
    with ThreadPoolExecutor(2) as pool:
        lane.suspend()
        try:
            asked = {pool.submit(server.post, "/predict", body): name for name, body in bodies.items()}
            done, waiting = wait(asked, timeout=120, return_when=FIRST_COMPLETED)
            assert (len(done), len(waiting)) == (1, 1)
        finally:
            lane.resume()
        assert [future.result().status_code for future in asked] == [200, 200]
        return asked[done.pop()]


def test_the_http_process_never_loads_torch(server):
    assert len(server.family()) >= 4
    assert len(server.lanes()) == 2


def test_idle_lanes_use_no_processor(server):
    """Threads of the last computation may spin on a little; a lane that polls never comes to rest."""
    wait_for(lambda: processor_seconds(server, 2) < 0.4, 60, "two quiet seconds")


def processor_seconds(server, seconds: float) -> float:
    before = sum(sum(process.cpu_times()[:2]) for process in server.family())
    time.sleep(seconds)
    return sum(sum(process.cpu_times()[:2]) for process in server.family()) - before
