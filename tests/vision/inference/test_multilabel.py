"""A packaged multi-label model: probabilities each for itself, and one explanation a label that is probable enough."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from tests.vision.inference.models import LABELS, make_image, make_model
from vision.catalog.explainers import EXPLAINERS
from vision.errors import UserError
from vision.explain import explain
from vision.inference.predictor import Predictor
from vision.inference.preprocessing import normalize
from vision.spec.scoring import ScoringItem, XaiParameters

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model") / "m", task_type="image_classification_multilabel")


@pytest.fixture(scope="module")
def predictor(folder):
    return Predictor.load(folder, "cpu")


def encode(image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def quick(**given) -> XaiParameters:
    return XaiParameters.model_validate({"xai_algorithm": "guided_backprop", **given})


def test_every_label_has_a_probability_of_its_own(predictor):
    image = make_image()
    with torch.inference_mode():
        logits = predictor.forward(predictor.prepare(image)[None])
    (answer,) = predictor.predict([image])
    assert answer["labels"] == LABELS
    assert answer["probs"] == pytest.approx(logits.sigmoid()[0].tolist(), abs=1e-6)


@pytest.mark.parametrize("name", EXPLAINERS.names())
def test_each_label_over_the_threshold_is_explained(predictor, name):
    probabilities = predictor.predict([make_image()])[0]["probs"]
    second = sorted(probabilities)[1]
    xai = quick(xai_algorithm=name, n_steps=2, attributions=True, confidence_score_threshold_multilabel=second)
    answer = predictor.explain(make_image(), xai)
    expected = [label for label, value in zip(LABELS, probabilities, strict=True) if value >= second]
    assert len(expected) == 2
    assert answer["explained_labels"] == expected
    assert np.array(answer["attributions"]).shape == (2, 3, 64, 64)
    assert len(answer["visualizations"]) == len(answer["is_informative"]) == 2
    for picture in answer["visualizations"]:
        assert Image.open(io.BytesIO(base64.b64decode(picture))).size == (128, 128)


def test_each_explanation_is_of_its_own_label(predictor):
    answer = predictor.explain(make_image(), quick(attributions=True, confidence_score_threshold_multilabel=0))
    pixels = normalize(predictor.prepare(make_image())[None], predictor.card.mean, predictor.card.std)[0]
    for target, values in enumerate(answer["attributions"]):
        expected = explain(predictor.built.module, pixels, target, "guided_backprop").values
        torch.testing.assert_close(torch.tensor(values), expected)
    assert not np.allclose(answer["attributions"][0], answer["attributions"][1])


def test_no_label_over_the_threshold_is_no_explanation(predictor):
    answer = predictor.explain(make_image(), quick(attributions=True, confidence_score_threshold_multilabel=1))
    assert answer["visualizations"] == answer["attributions"] == answer["explained_labels"] == []
    assert len(answer["probs"]) == 3


def test_only_what_was_asked_for(predictor):
    assert "attributions" not in predictor.explain(make_image(), quick())
    assert "visualizations" not in predictor.explain(make_image(), quick(visualizations=False))


def test_a_network_without_a_map_says_which_algorithms_it_takes(predictor):
    mapless = replace(predictor, built=replace(predictor.built, cam_layer=None))
    assert mapless.explainers == ["xrai", "integrated_gradients", "guided_backprop"]
    item = ScoringItem(encode(make_image()), XaiParameters(xai_algorithm="guided_gradcam"))
    with pytest.raises(UserError, match=r"guided_gradcam needs a layer.*guided_backprop") as caught:
        mapless.score([item])
    assert 400 <= caught.value.status < 500
    assert mapless.explain(make_image(), quick())["labels"] == LABELS


def test_the_mlflow_model_answers_the_same(folder, predictor):
    model = mlflow.pyfunc.load_model(str(folder))
    table = model.predict(pd.DataFrame({"image": [base64.b64encode(encode(make_image())).decode()]}))
    assert table["probs"][0] == pytest.approx(predictor.predict([make_image()])[0]["probs"], abs=1e-6)
