from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from tests.vision.inference.models import LABELS, make_image, make_model
from vision.architectures import build_architecture
from vision.catalog.explainers import EXPLAINERS
from vision.errors import InvalidDocumentError, InvalidImageError
from vision.inference.predictor import Predictor
from vision.inference.preprocessing import preprocess
from vision.spec.scoring import ScoringItem, XaiParameters

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def predictor(tmp_path_factory) -> Predictor:
    return Predictor.load(make_model(tmp_path_factory.mktemp("model") / "m"), "cpu")


def encode(image, file_format="PNG") -> bytes:
    target = io.BytesIO()
    image.save(target, file_format)
    return target.getvalue()


def test_probabilities_are_those_of_the_network(predictor):
    card, sizes = predictor.card, predictor.settings
    built = build_architecture("mobilenetv2", 3)
    built.module.load_state_dict(predictor.built.module.state_dict())
    built.module.eval()
    image = make_image()
    tensor = preprocess(image, sizes.valid_resize_size, sizes.valid_crop_size, card.mean, card.std, card.interpolation)
    with torch.inference_mode():
        expected = built.module(tensor[None]).softmax(1)[0].tolist()
    (answer,) = predictor.predict([image])
    assert answer["labels"] == LABELS
    assert answer["probs"] == pytest.approx(expected, abs=1e-5)
    assert sum(answer["probs"]) == pytest.approx(1)


def test_many_images_are_as_good_as_one(predictor):
    images = [make_image(seed) for seed in range(35)]
    together = predictor.predict(images)
    assert len(together) == 35
    for image, answer in list(zip(images, together, strict=True))[::17]:
        assert answer["probs"] == pytest.approx(predictor.predict([image])[0]["probs"], abs=1e-4)


def test_no_image_no_answer(predictor):
    assert predictor.predict([]) == []


@pytest.mark.parametrize("name", EXPLAINERS.names())
def test_explanations(predictor, name):
    xai = XaiParameters(xai_algorithm=name, attributions=True, n_steps=3)
    answer = predictor.explain(make_image(), xai)
    assert np.array(answer["attributions"]).shape == (3, 64, 64)
    picture = Image.open(io.BytesIO(base64.b64decode(answer["visualizations"])))
    assert picture.size == (128, 128)
    assert answer["explained_label"] == LABELS[int(np.argmax(answer["probs"]))]
    assert isinstance(answer["is_informative"], bool)


def test_only_what_was_asked_for(predictor):
    answer = predictor.explain(make_image(), XaiParameters(xai_algorithm="guided_backprop"))
    assert "attributions" not in answer
    bare = predictor.explain(make_image(), XaiParameters(xai_algorithm="guided_backprop", visualizations=False))
    assert "visualizations" not in bare


def test_mixed_requests_keep_their_order(predictor):
    images = [make_image(seed) for seed in range(3)]
    xai = XaiParameters(xai_algorithm="guided_backprop")
    items = [ScoringItem(encode(images[0])), ScoringItem(encode(images[1]), xai), ScoringItem(encode(images[2]))]
    answers = predictor.score(items)
    assert ["visualizations" in answer for answer in answers] == [False, True, False]
    for answer, expected in zip(answers, predictor.predict(images), strict=True):
        assert answer["probs"] == pytest.approx(expected["probs"], abs=1e-4)


def test_every_broken_image_is_named(predictor):
    items = [ScoringItem(b"nonsense"), ScoringItem(encode(make_image())), ScoringItem(b"<svg></svg>")]
    with pytest.raises(InvalidImageError) as caught:
        predictor.score(items)
    assert [detail.path for detail in caught.value.details] == ["input_data.data[0]", "input_data.data[2]"]


def test_photos_are_turned_upright(predictor):
    upright = make_image(3)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(turned, "PNG", exif=exif)
    answers = predictor.score([ScoringItem(encode(upright)), ScoringItem(turned.getvalue())])
    assert answers[0]["probs"] == pytest.approx(answers[1]["probs"], abs=1e-5)


def test_an_unknown_device_is_refused(tmp_path):
    folder = make_model(tmp_path / "m")
    with pytest.raises(InvalidDocumentError, match="warp"):
        Predictor.load(folder, "warp")


def test_not_a_model_of_ours(tmp_path):
    with pytest.raises(InvalidDocumentError, match=r"model\.json"):
        Predictor.load(tmp_path)


def test_weights_of_another_network_are_refused(tmp_path):
    one, other = make_model(tmp_path / "one"), make_model(tmp_path / "other", "resnet18")
    weights = (other / "artifacts" / "model.safetensors").read_bytes()
    (one / "artifacts" / "model.safetensors").write_bytes(weights)
    with pytest.raises(InvalidDocumentError, match="does not fit"):
        Predictor.load(one, "cpu")


def test_settings_out_of_range_are_refused(tmp_path):
    folder = make_model(tmp_path / "m")
    (folder / "artifacts" / "settings.json").write_text('{"valid_crop_size": 0}')
    with pytest.raises(InvalidDocumentError, match="valid_crop_size"):
        Predictor.load(folder, "cpu")
