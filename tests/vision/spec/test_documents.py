from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.errors import InvalidDocumentError
from vision.spec.documents import MAX_BYTES, find_line, load_document, write_document

# Without control characters and line separators: YAML has no plain way to write those.
TEXT = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" \n"))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@pytest.mark.heavy
@settings(deadline=None)
@given(st.dictionaries(TEXT, TREES))
def test_what_is_written_reads_back(document: dict[str, object]) -> None:
    assert load_document(write_document(document)) == document


@settings(max_examples=300, deadline=None)
@given(st.text() | st.binary())
def test_any_input_loads_or_is_refused_in_words(document: str | bytes) -> None:
    try:
        assert isinstance(load_document(document), dict)
    except InvalidDocumentError as error:
        assert error.message  # noqa: PT017 (it may load too)


def test_json_is_read_too() -> None:
    assert load_document(b'{"a": {"b": [1, 2.5, true, null]}}') == {"a": {"b": [1, 2.5, True, None]}}


def test_a_date_stays_text() -> None:
    assert load_document("tag: 2024-01-31") == {"tag": "2024-01-31"}


def test_anchors_and_merge_keys_work() -> None:
    assert load_document("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}")["b"] == {"p": 1, "q": 3}


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InvalidDocumentError, match="too large or too deeply"):
        load_document("\n".join(lines))


@pytest.mark.parametrize(
    "document",
    [
        "a: &a [*a]",
        "[" * 5000,
        "{" * 5000,
        "a: " + "[" * 60 + "]" * 60,
        '{"a": ' * 3000,
        "!!python/object:os.system {}",
    ],
)
def test_dangerous_documents_are_refused(document: str) -> None:
    with pytest.raises(InvalidDocumentError):
        load_document(document)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="larger than"):
        load_document("a: " + "x" * MAX_BYTES)


@pytest.mark.parametrize(("document", "line"), [("a: 1\nb: [1, 2\nc: 3\n", 3), ("a: 1\nb: 2\na: 3\n", 3)])
def test_a_syntax_error_names_its_line(document: str, line: int) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        load_document(document)
    assert caught.value.details[0].line == line


@pytest.mark.parametrize("document", ["", "- a\n- b", "text", "3"])
def test_only_a_mapping_is_a_document(document: str) -> None:
    with pytest.raises(InvalidDocumentError, match=r"empty|not a mapping"):
        load_document(document)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InvalidDocumentError, match="byte 3"):
        load_document(b"a: \xff\xfe")


@pytest.mark.parametrize(
    ("path", "line"), [("a", 1), ("b.c", 3), ("b.list[1].d", 6), ("b.missing", 2), ("missing", None)]
)
def test_find_line(path: str, line: int | None) -> None:
    assert find_line("a: 1\nb:\n  c: 2\n  list:\n  - d: 1\n  - d: 2\n", path) == line
