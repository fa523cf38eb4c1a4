"""Every code that an import can give a finding has a title and, but for what needs no doing, a word of advice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vision.data.finding_codes import LISTED, explain_code

ROOT = Path(__file__).parents[3]
SOURCES = sorted(file for folder in ("vision/data", "datasets") for file in (ROOT / folder).rglob("*.py"))
SAYING = {"error", "warning", "say", "_say", "_error", "_warn"}  # called with a code first
REFUSALS = {"ImportRefusedError", "InvalidDatasetError", "InvalidDocumentError"}  # end an import; no findings
WORDS = re.compile(r"[a-z]+(_[a-z]+)*")
CODE = re.compile(r"[a-z]+(_[a-z]+)+")  # where another text may stand too


def list_codes(tree: ast.AST, is_engine: bool = True) -> Iterator[str]:
    """The codes a source gives to findings; outside the engine those of exceptions are refusals, but for images."""

    def is_carrying(name: str) -> bool:
        is_reported = name.endswith("Error") and name not in REFUSALS if is_engine else name == "InvalidImageError"
        return is_reported or name == "CheckedImage"

    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SAYING:
                yield from read_constants(node.args[:1], WORDS)
            elif is_carrying(name):
                yield from read_constants(node.args)
                yield from read_constants([keyword.value for keyword in node.keywords if keyword.arg == "code"])
        elif isinstance(node, ast.ClassDef) and is_carrying(node.name):
            yield from read_constants([default for one in ast.walk(node) for default in list_defaults(one)])
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code":
            yield from read_constants([node.value])


def list_defaults(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.AnnAssign):
        return [node.value] if getattr(node.target, "id", "") == "code" and node.value is not None else []
    return node.args.defaults if isinstance(node, ast.FunctionDef) else []


def read_constants(nodes: list[ast.expr], pattern: re.Pattern[str] = CODE) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from read_constants([node.body, node.orelse], pattern)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value):
            yield node.value


def find_used() -> dict[str, set[str]]:
    """Code to the files that use it."""
    used: dict[str, set[str]] = {}
    for file in [*SOURCES, ROOT / "vision/errors.py"]:
        name = file.relative_to(ROOT).as_posix()
        for code in list_codes(ast.parse(file.read_text(encoding="utf-8")), name.startswith("vision/data/")):
            used.setdefault(code, set()).add(name)
    return used


USED = find_used()


def test_codes_are_found_however_they_are_given():
    source = """
report.error("by_report", "…")
self._warn("by_helper" if good else "by_other", "…")
raise InvalidLabelError("A message.", "by_exception")
CheckedImage(file, code="by_keyword")
code = "by_name" if good else "by_other_name"
raise InvalidDatasetError("A message.", code="refused")
logger.error("Not a code")
class ShapeError(ValueError):
    def __init__(self, message, code="by_default"): ...
"""
    found = [
        "by_report",
        "by_helper",
        "by_other",
        "by_exception",
        "by_keyword",
        "by_name",
        "by_other_name",
        "by_default",
    ]
    assert sorted(list_codes(ast.parse(source))) == sorted(found)
    assert {"missing_image", "pixel_coordinates", "damaged_image", "brush_unsupported", "invalid_image"} <= set(USED)


@pytest.mark.parametrize("code", sorted(USED))
def test_every_code_is_explained(code):
    known = {entry.code for entry in LISTED}
    assert code in known, f"{code} of {', '.join(sorted(USED[code]))} is missing in vision/data/finding_codes"


@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: entry.code)
def test_explanations_are_short_and_used(entry):
    assert entry.code in USED
    assert explain_code(entry.code) == entry
    assert entry.title[0].isalpha()
    assert not entry.title.endswith(".")
    assert entry.advice.endswith((".", "?"))
    assert len(entry.title) <= 50
    assert len(entry.advice) <= 110


def test_codes_are_listed_once():
    codes = [entry.code for entry in LISTED]
    assert sorted(set(codes)) == sorted(codes)


def test_unknown_codes_explain_themselves():
    assert explain_code("some_new_thing").title == "Some new thing"
