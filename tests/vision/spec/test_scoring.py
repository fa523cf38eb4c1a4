from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.errors import InvalidDocumentError
from vision.spec.scoring import ScoringItem, XaiParameters, build_scoring_request, parse_scoring_request

IMAGE = b"\x89PNG and more bytes than fit one line of base64, so that an encoder breaks it after 76 characters"
TEXT = base64.b64encode(IMAGE).decode()


def body_of(*rows: Any, **more: Any) -> bytes:
    return json.dumps({"input_data": {"columns": ["image"], "data": list(rows), **more}}).encode()


@pytest.mark.parametrize(
    "row",
    [TEXT, [TEXT], base64.encodebytes(IMAGE).decode(), f"  {TEXT}\r\n", f"data:image/png;base64,{TEXT}"],
    ids=["bare", "nested", "newlines", "padded", "data-url"],
)
def test_ways_to_write_an_image(row: Any) -> None:
    assert parse_scoring_request(body_of(row, index=[0])) == [ScoringItem(IMAGE)]


def test_explanations_are_asked_for_item_by_item() -> None:
    plain = {"image_base64": TEXT}
    asked = {"image_base64": TEXT, "model_explainability": True}
    tuned = {**asked, "xai_parameters": {"xai_algorithm": "integrated_gradients", "n_steps": 20, "attributions": True}}
    unasked = {**tuned, "model_explainability": False}
    rows = [json.dumps(row) for row in (plain, asked, tuned, unasked)]
    items = parse_scoring_request(body_of(TEXT, *rows, [rows[1]], asked))
    assert [item.xai for item in items] == [
        None,
        None,
        XaiParameters(),
        XaiParameters(xai_algorithm="integrated_gradients", n_steps=20, attributions=True),
        None,
        XaiParameters(),
        XaiParameters(),
    ]
    assert {item.image for item in items} == {IMAGE}


def test_the_defaults_are_the_documented_ones() -> None:
    assert XaiParameters().model_dump() == {
        "xai_algorithm": "xrai",
        "visualizations": True,
        "attributions": False,
        "n_steps": 50,
        "xrai_fast": True,
        "approximation_method": "riemann_middle",
        "confidence_score_threshold_multilabel": 0.5,
    }


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ("no base64!", "input_data.data[1]"),
        ("", "input_data.data[1]"),
        (7, "input_data.data[1]"),
        ([TEXT, TEXT], "input_data.data[1]"),
        ("{broken", "input_data.data[1]"),
        (json.dumps({"model_explainability": True}), "input_data.data[1].image_base64"),
        ({"image_base64": TEXT, "model_explainability": "yes"}, "input_data.data[1].model_explainability"),
        ({"image_base64": TEXT, "xai": {}}, "input_data.data[1].xai"),
        (
            {"image_base64": TEXT, "model_explainability": True, "xai_parameters": {"n_steps": 1}},
            "input_data.data[1].xai_parameters.n_steps",
        ),
        (
            {"image_base64": TEXT, "model_explainability": True, "xai_parameters": {"xai_algorithm": "lime"}},
            "input_data.data[1].xai_parameters.xai_algorithm",
        ),
    ],
)
def test_a_bad_row_is_named(row: Any, path: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        parse_scoring_request(body_of(TEXT, row))
    assert [detail.path for detail in caught.value.details] == [path]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"input_data": {"data": []}}',
        b'{"input_data": {"columns": ["text"], "data": ["a"]}}',
    ],
)
def test_what_is_no_request(body: bytes) -> None:
    with pytest.raises(InvalidDocumentError):
        parse_scoring_request(body)


@settings(deadline=None)
@given(
    st.lists(st.binary(min_size=1), min_size=1, max_size=4), st.none() | st.just({"xai_algorithm": "guided_gradcam"})
)
def test_a_built_request_reads_back(images: list[bytes], xai: dict[str, Any] | None) -> None:
    items = parse_scoring_request(json.dumps(build_scoring_request(images, xai)).encode())
    wanted = XaiParameters(**xai) if xai else None
    assert items == [ScoringItem(image, wanted) for image in images]
