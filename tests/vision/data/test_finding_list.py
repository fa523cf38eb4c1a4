from __future__ import annotations

import json
from pathlib import Path

import pytest

from vision.data.finding_list import list_findings
from vision.data.report import Report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Ninety findings of three kinds in turn; what they say could be taken for the end of a line, or for a kind."""
    file = tmp_path / "findings.jsonl"
    report = Report(file=file)
    for line in range(1, 91, 3):
        report.error("invalid_json", 'not "code": "size_mismatch"\r\n\u2028\x85', file="a.jsonl", line=line)
        report.warning("size_mismatch", "ü" * line, image=f"{line + 1}.jpg")
        report.error("unknown_image", "none", file="a.jsonl", line=line + 2)
    report.close()
    return file


@pytest.mark.parametrize("offset", [0, 40, 85, 90, 1000])
def test_pages_follow_the_file(path: Path, offset: int) -> None:
    written = [json.loads(line) for line in path.read_bytes().splitlines()]
    found, total = list_findings(path, offset=offset, limit=20)
    assert total == 90
    assert [{name: value for name, value in row.items() if value is not None} for row in found] == written[
        offset : offset + 20
    ]
    assert all(len(row) == 7 for row in found)


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ({"severity": "error"}, [n for n in range(1, 91) if n % 3 != 2]),
        ({"severity": "error", "code": "unknown_image"}, list(range(3, 91, 3))),
        ({"severity": "warning", "code": "unknown_image"}, []),
        ({"code": "'; DROP"}, []),
    ],
)
def test_of_a_kind(path: Path, asked: dict[str, str], lines: list[int]) -> None:
    found, total = list_findings(path, **asked, offset=5, limit=4)
    assert total == len(lines)
    assert [row["line"] for row in found] == lines[5:9]


def test_another_file_under_the_same_name_is_read_anew(path: Path) -> None:
    assert list_findings(path)[1] == 90
    path.write_text('{"severity": "error", "code": "late", "message": "m", "action": "kept"}\n')
    found, total = list_findings(path)
    assert (total, found[0]["code"]) == (1, "late")
    path.write_text("")
    assert list_findings(path) == ([], 0)
