from __future__ import annotations

import json

import pytest

from vision.data.formats import json_lists
from vision.data.formats.json_lists import InvalidJsonError, decode_any, decode_item, iterate_items

DOCUMENT = {
    "info": {"list": [1, {"x": [2]}], "text": '}]\\"{'},
    "images": [{"id": 1, "name": "a\\"}, {"id": 2, "name": '[{"'}],
    "annotations": [],
    "mixed": [[1, [2]], 3, "text", None],
    "ключ": [{}],
}
ITEMS = [
    ("images", None),
    ("images", DOCUMENT["images"][0]),
    ("images", DOCUMENT["images"][1]),
    ("annotations", None),
    ("mixed", None),
    ("mixed", [1, [2]]),
    ("ключ", None),
    ("ключ", {}),
]


@pytest.fixture
def write(tmp_path):
    def write(data: bytes):
        (tmp_path / "a.json").write_bytes(data)
        return tmp_path / "a.json"

    return write


@pytest.fixture(params=[5, 16, 1 << 20])
def chunk(request, monkeypatch):
    """Files far larger than a chunk are read without making any: what is cut matters, not how large it is."""
    monkeypatch.setattr(json_lists, "_CHUNK", request.param)


@pytest.mark.parametrize("style", [{}, {"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")}])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b" \n"])
def test_elements_of_the_top_lists_are_found_wherever_the_file_is_cut(chunk, write, style, mark):
    data = mark + json.dumps(DOCUMENT, **style).encode()
    items = list(iterate_items(write(data), 1000))
    assert [(item.key, json.loads(item.data) if item.data else None) for item in items] == ITEMS
    assert all(data[item.start :].startswith(item.data) for item in items)


def test_a_file_cut_off_anywhere_is_refused(write):
    data = json.dumps(DOCUMENT).encode()
    for end in range(1, len(data)):
        with pytest.raises(InvalidJsonError, match="ends in the middle"):
            list(iterate_items(write(data[:end]), 1000))


@pytest.mark.parametrize(("data", "why"), [(b"", "empty"), (b"[1]", "begin with {"), ("{}".encode("utf-16"), "begin")])
def test_what_is_no_object_is_refused(write, data, why):
    with pytest.raises(InvalidJsonError, match=why):
        list(iterate_items(write(data), 1000))


def test_an_element_over_the_limit_is_passed_over(chunk, write):
    data = b'{"a": [{"b": [' + b"1, " * 100 + b'1]}, {"c": 1}]}'
    assert [item.data for item in iterate_items(write(data), 100)] == [b"", None, b'{"c": 1}']


@pytest.mark.parametrize("text", [b"x", b'\\"', b"}"])
def test_a_text_over_the_limit_ends_the_file(write, monkeypatch, text):
    monkeypatch.setattr(json_lists, "_CHUNK", 16)
    with pytest.raises(InvalidJsonError, match="A text of over 50 bytes begins at byte 7"):
        list(iterate_items(write(b'{"a": ["' + text * 300 + b'"]}'), 50))


def test_only_the_beginning_is_looked_at_where_that_is_enough(write, monkeypatch):
    monkeypatch.setattr(json_lists, "_CHUNK", 20)
    items = list(iterate_items(write(b'{"a": [{}], "b": [' + b"{}," * 100), 1000, most=10))
    assert [item.key for item in items] == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b'{"a": 1',
        b"[1]",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_elements_that_are_not_json_objects_are_refused(data):
    with pytest.raises(InvalidJsonError):
        decode_any(data)


def test_elements_of_another_shape_are_refused():
    assert decode_item(b"[1, 2]", list[int]) == [1, 2]
    with pytest.raises(InvalidJsonError, match="Expected"):
        decode_item(b'["x"]', list[int])


@pytest.mark.heavy
@pytest.mark.parametrize("data", [b'{"a": ' * 300_000, b'{"a": [' + b"[" * 500_000])
def test_deep_nesting_costs_no_stack(write, data):
    with pytest.raises(InvalidJsonError, match="ends in the middle"):
        list(iterate_items(write(data), 1000))
