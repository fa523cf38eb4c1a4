from __future__ import annotations

import json
import math
from pathlib import Path

from vision.training.event_log import EventWriter, read_events


def test_events_are_read_back_in_order_from_any_offset(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "events.jsonl"
    with EventWriter(path) as events:
        events.write("phase", phase="Running", message="é")
        first, offset = read_events(path)
        events.write("log", level="info", message="on")
    assert [event["message"] for event in first] == ["é"]
    assert [event["type"] for event in read_events(path, offset)[0]] == ["log"]


def test_a_torn_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"type": "a"}\n{"type": ')
    events, offset = read_events(path)
    assert [event["type"] for event in events] == ["a"]
    with path.open("ab") as file:
        file.write(b'"b"}\n')
    assert [event["type"] for event in read_events(path, offset)[0]] == ["b"]


def test_a_writer_cuts_off_what_a_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"type": "a"}\n{"type": ')
    with EventWriter(path) as events:
        events.write("b")
    assert [event["type"] for event in read_events(path)[0]] == ["a", "b"]


def test_a_missing_file_has_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none.jsonl", 7) == ([], 7)


def test_numbers_json_cannot_hold_become_null(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as events:
        events.write("metrics", values={"a": math.nan, "b": [math.inf, 1.5]})
    assert json.loads(path.read_text())["values"] == {"a": None, "b": [None, 1.5]}


def test_each_event_says_when_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as events:
        events.write("log")
    assert read_events(path)[0][0]["at"].endswith("Z")
