from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import vision
from tests.vision.inference.models import LABELS, make_image, make_model
from vision.errors import InvalidDocumentError
from vision.inference.packaging import update_settings
from vision.inference.predictor import Predictor
from vision.spec.scoring import build_scoring_request
from vision.spec.settings import ClassificationSettings

pytestmark = pytest.mark.heavy

LOAD_ELSEWHERE = """
import base64, json, sys
import pandas as pd
import mlflow.pyfunc

folder, image = sys.argv[1], open(sys.argv[2], "rb").read()
assert not any("vision" in name.split(".")[0:1] for name in sys.modules), "loaded before the model"
model = mlflow.pyfunc.load_model(folder)
import vision
text = base64.encodebytes(image).decode()
item = json.dumps({"image_base64": text, "model_explainability": True,
                   "xai_parameters": {"xai_algorithm": "guided_backprop", "attributions": True}})
answers = [model.predict(pd.DataFrame({"image": [value, value]})).to_dict("records") for value in (text, image, item)]
print(json.dumps({"vision": vision.__file__, "answers": answers}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("a folder with spaces") / "mlflow-model")


def to_png(image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def test_loads_without_darkroom(folder, tmp_path):
    image = make_image()
    (tmp_path / "image.png").write_bytes(to_png(image))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DJANGO"))}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # the folder is looked through below
    checkout = str(Path(vision.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOAD_ELSEWHERE, str(folder), str(tmp_path / "image.png")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert not result["vision"].startswith(checkout)
    expected = Predictor.load(folder, "cpu").predict([image])[0]
    for two in result["answers"]:
        assert len(two) == 2
        for answer in two:
            assert answer["labels"] == LABELS
            assert answer["probs"] == pytest.approx(expected["probs"], abs=1e-5)
    explained = result["answers"][2][0]
    assert base64.b64decode(explained["visualizations"]).startswith(b"\x89PNG")
    assert len(explained["attributions"]) == 3
    assert len(explained["attributions"][0]) == 64


def test_holds_what_azure_users_look_for_and_no_pickle(folder):
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    wanted = {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "model.py"}
    wanted |= {f"artifacts/{name}" for name in ("model.safetensors", "model.json", "labels.json", "settings.json")}
    assert wanted <= files
    assert {name for name in files - wanted if not name.startswith("code/vision/")} == set()
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt", ".pth", ".pyc"))]
    for name in files - {"artifacts/model.safetensors"}:
        content = (folder / name).read_bytes()
        assert not content.startswith(b"\x80"), f"{name} looks like a pickle"


def test_says_nothing_of_the_machine_it_was_made_on(folder):
    checkout = str(Path(vision.__file__).parent.parent).encode()
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert checkout not in content
            assert str(folder.parent).encode() not in content


def test_mlmodel_has_the_signature_of_image_models(folder):
    document = yaml.safe_load((folder / "MLmodel").read_text())
    (column,) = json.loads(document["signature"]["inputs"])
    assert (column["name"], column["type"]) == ("image", "string")
    assert [column["name"] for column in json.loads(document["signature"]["outputs"])] == ["probs", "labels"]
    assert document["metadata"]["task_type"] == "image_classification"


def test_settings_change_what_the_network_sees(tmp_path):
    folder = make_model(tmp_path / "model")
    before = Predictor.load(folder, "cpu")
    update_settings(folder, ClassificationSettings(train_crop_size=64, valid_resize_size=128, valid_crop_size=96))
    after = Predictor.load(folder, "cpu")
    image = make_image()
    assert before.crop(image).size == (64, 64)
    assert after.crop(image).size == (96, 96)
    assert before.predict([image]) != after.predict([image])
    assert json.loads((folder / "artifacts" / "settings.json").read_text())["valid_crop_size"] == 96


def test_a_transformer_keeps_its_size(tmp_path):
    with pytest.raises(InvalidDocumentError, match="224"):
        make_model(tmp_path / "model", "vits16r224", valid_resize_size=256, valid_crop_size=192)
    assert not list(tmp_path.iterdir())
    folder = make_model(
        tmp_path / "model", "vits16r224", train_crop_size=224, valid_resize_size=256, valid_crop_size=224
    )
    with pytest.raises(InvalidDocumentError, match="224"):
        update_settings(folder, ClassificationSettings(valid_crop_size=192))


def test_requests_of_the_contract_reach_the_model(folder):
    from vision.spec.scoring import parse_scoring_request

    body = json.dumps(build_scoring_request([to_png(make_image()), to_png(make_image(1))])).encode()
    answers = Predictor.load(folder, "cpu").score(parse_scoring_request(body))
    assert [sorted(answer) for answer in answers] == [["labels", "probs"]] * 2
