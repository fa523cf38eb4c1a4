"""Lists of JSON of any size: items, their lines, and where a broken file ends."""

from __future__ import annotations

import json
import random

import pytest

from vision.data.formats.json_items import InvalidItemsError, iterate_items


def items(folder, text, **limits):
    path = folder / "x.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = []
    try:
        for line, _, value in iterate_items(path, **limits):
            found.append((line, value))  # what came before an error counts
    except InvalidItemsError as error:
        found.append((error.line, error.code, str(error)))
    return found


def test_items_with_the_lines_they_begin_on(tmp_path):
    assert items(tmp_path, '\ufeff[\n {"a": [1,\n 2]},\r\n\n {"b": "]"} , 5 ]\n\n') == [
        (2, {"a": [1, 2]}),
        (5, {"b": "]"}),
        (5, 5),
    ]


def test_one_object_is_one_item(tmp_path):
    assert items(tmp_path, ' {"a": {}} ') == [(1, {"a": {}})]


def test_text_of_an_item_is_as_it_was_written(tmp_path):
    (tmp_path / "x").write_text('[ {"ä":  1} ,{}]', encoding="utf-8")
    assert [text for _, text, _ in iterate_items(tmp_path / "x")] == ['{"ä":  1}', "{}"]


def test_empty_list_has_no_items(tmp_path):
    assert items(tmp_path, " [ ] ") == []


def test_items_across_every_border_of_what_is_read_at_once(tmp_path):
    rng = random.Random(2)
    values = [{"text": 'é"\\\u2028' * rng.randint(0, 9_000), "n": [rng.random(), True, -1e-7]} for _ in range(60)]
    assert [value for _, value in items(tmp_path, json.dumps(values, indent=1))] == values
    assert [value for _, value in items(tmp_path, json.dumps(values, ensure_ascii=False))] == values


def test_items_up_to_the_limit_are_read(tmp_path):
    big = {"text": "x" * 1_500_000}
    assert items(tmp_path, json.dumps([big, 1]), max_bytes=2_000_000) == [(1, big), (1, 1)]
    assert items(tmp_path, json.dumps([1, big, 2]), max_bytes=1_000_000)[1][1] == "line_too_long"


@pytest.mark.parametrize(
    ("text", "good", "line"),
    [
        ('[{"a": 1},\n{"a": tru}]', 1, 2),
        ('[{"a": 1},\n{"a": NaN}]', 1, 2),
        ('[{"a": 1},\n{"a": "x', 1, 2),
        ('[{"a": 1},\n\n{"a": [', 1, 3),
        ('[{"a": 1}\n{"a": 2}]', 1, 2),
        ('[{"a": 1},\n]', 1, 2),
        ('[{"a": 1}', 1, 1),
        ("[1]\n x", 1, 2),
        ('{"a": 1} {}', 1, 1),
        ("", 0, 1),
        ("text", 0, 1),
        ('"text"', 0, 1),
        (b"[\xff]", 0, 1),
        (b'["\xc3', 0, 1),
        ("[" + "9" * 5_000 + "]", 0, 1),
        ("[" * 200_000, 0, 1),
        ('{"a":' * 200_000, 0, 1),
        ('[{"a":' + " " * 600_000 + "x" * 600_000 + "}]", 0, 1),
    ],
)
def test_broken_file_is_read_up_to_there(tmp_path, text, good, line):
    found = items(tmp_path, text)
    assert len(found) == good + 1
    assert found[-1][:2] == (line, "invalid_json")


def test_string_without_end_is_not_held_beyond_the_limit(tmp_path):
    assert items(tmp_path, '["' + "x" * 6_000_000, max_bytes=1_000_000)[0][1] == "line_too_long"
