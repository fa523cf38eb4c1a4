"""The page of architectures lists the catalogue's, all of it holds, and the lightest of each kind shows it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture_table.cases import Case, list_cases, list_lightest
from tests.architecture_table.exercise import Result, exercise
from tests.architecture_table.page import HOLDS, UNKNOWN, read_page, update_page

pytestmark = pytest.mark.heavy


def test_the_page_lists_the_catalogue() -> None:
    assert [(row.section, row.name) for row in read_page()] == [(case.section, case.name) for case in list_cases()]


def test_everything_on_the_page_holds() -> None:
    assert not [row for row in read_page() if not row.is_green]


@pytest.mark.parametrize("case", list_lightest(list_cases()), ids=lambda case: f"{case.task_type}-{case.name}")
def test_it_holds_for_the_lightest_of_each_family_and_task_type(case: Case) -> None:
    assert not exercise(case, is_short=True).failures


def test_a_result_takes_its_row_and_leaves_the_others(tmp_path: Path) -> None:
    first, second, *_ = list_cases()
    path = tmp_path / "page.md"
    update_page([Result(first, 2.25), Result(second, 3, {"ONNX": "a | b"})], path)
    update_page([Result(first, 2.35)], path)
    rows = read_page(path)
    assert [row.name for row in rows] == [case.name for case in list_cases()]
    assert rows[0].is_green
    assert rows[0].weights == "2.4"
    assert rows[1].cells == dict.fromkeys(rows[1].cells, HOLDS) | {"ONNX": "a / b"}
    assert set(rows[2].cells.values()) == {UNKNOWN}
