from __future__ import annotations

import pytest

from vision.spec.writing import write_value


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (None, ""), (0.5, "0.5"), ("3x2", "3x2")]
)
def test_values_stand_as_in_a_document(value: object, text: str) -> None:
    assert write_value(value) == text
