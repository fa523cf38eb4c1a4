"""A multi-label endpoint on its Test and Consume tabs, with a server behind it that answers as such a model does."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys

import pytest
from django.http import QueryDict
from PIL import Image

from endpoints.gateway.multipart import read_xai
from endpoints.samples import make_samples
from tests.endpoints.conftest import run_server
from tests.endpoints.factories import make_deployment, make_endpoint
from tests.models_registry.factories import make_version
from tests.running import free_port
from vision.catalog.task_types import TASK_TYPES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.heavy]


@pytest.fixture
def endpoint():
    endpoint = make_endpoint("parts", traffic={"blue": 100})
    version = make_version("model-of-blue")
    version.task_type = "image_classification_multilabel"
    version.save()
    with run_server("tests.endpoints.labels_like", free_port()) as url:
        make_deployment(endpoint, "blue", urls=(url,), model_version=version)
        yield endpoint


def score(client, **fields) -> str:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    file.seek(0)
    file.name = "a.png"
    answer = client.post("/endpoints/parts/answer/", {"image": file, **fields}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_several_labels_may_be_given(signed_in, endpoint):
    page = score(signed_in)
    assert "Given: <strong>nut, screw</strong>" in page
    given = re.findall(r'data-label="(\w+)" data-probability="[0-9.]+" class="is-given"', page)
    assert given == ["nut", "screw"]
    assert re.findall(r'<th scope="row">(\w+)</th>', page) == ["nut", "screw", "washer", "scratched"]
    assert 'type="range" min="0" max="1" step="0.01" value="0.50"' in page


def test_each_label_over_the_threshold_is_explained(signed_in, endpoint):
    page = score(signed_in, xai_algorithm="guided_backprop")
    assert re.findall(r"Why (\w+)</h3>", page) == ["nut", "screw"]
    assert base64.b64encode(b"nut").decode() in page
    assert "zero everywhere" in page  # of the screw's, which says it is not informative
    assert page.count("explanation-picture") == 1


def test_the_threshold_asked_for_counts_for_bars_and_explanations(signed_in, endpoint):
    lower = {"xai_algorithm": "xrai", "confidence_score_threshold_multilabel": "0.25"}
    page = score(signed_in, **lower)
    assert "Given: <strong>nut, screw, washer</strong>" in page
    assert re.findall(r"Why (\w+)</h3>", page) == ["nut", "screw", "washer"]
    page = score(signed_in, **lower | {"confidence_score_threshold_multilabel": "0.9"})
    assert "No label is given." in page
    assert "No label reaches 0.90" in page


def test_the_threshold_of_a_form_is_a_number_the_model_server_checks():
    form = QueryDict("xai_algorithm=xrai&confidence_score_threshold_multilabel=0.3")
    assert read_xai(form)["confidence_score_threshold_multilabel"] == 0.3
    odd = QueryDict("xai_algorithm=xrai&confidence_score_threshold_multilabel=much")
    assert read_xai(odd)["confidence_score_threshold_multilabel"] == "much"


def test_only_a_multilabel_endpoint_asks_for_a_threshold(signed_in, endpoint):
    assert "confidence_score_threshold_multilabel" in signed_in.get("/endpoints/parts/test/").content.decode()
    make_deployment(make_endpoint("plain"), "blue")
    assert "confidence_score_threshold_multilabel" not in signed_in.get("/endpoints/plain/test/").content.decode()


def test_the_program_prints_the_labels_of_one_half_and_more(tmp_path):
    (text,) = [
        sample.text
        for sample in make_samples("http://nowhere", "key", "image_classification_multilabel")
        if sample.language == "python"
    ]
    program = text.replace('score("photo.jpg")', '[{"labels": ["nut", "screw", "washer"], "probs": [0.81, 0.5, 0.3]}]')
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "nut 0.81\nscrew 0.5\n", done.stderr


@pytest.mark.parametrize("task_type", TASK_TYPES.names())
def test_each_task_type_has_programs_that_compile(task_type):
    samples = make_samples("http://nowhere", "key", task_type)
    for sample in samples:
        assert "$" not in sample.text.replace("$(", "")
        if sample.language == "python":
            compile(sample.text, sample.title, "exec")
    assert any("xai_algorithm" in sample.text for sample in samples) == task_type.startswith("image_classification")


def test_the_consume_tab_shows_the_programs_of_its_models(signed_in, endpoint):
    assert "probability &gt;= 0.5" in signed_in.get("/endpoints/parts/consume/").content.decode()
