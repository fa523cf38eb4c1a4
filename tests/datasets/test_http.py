from __future__ import annotations

import pytest

from datasets.http import read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("41", 41),
        ("999999", 999999),
        ("1000000", 7),
        ("", 7),
        (None, 7),
        ("-1", 7),
        ("1.5", 7),
        ("²", 7),
        ("x", 7),
    ],
)
def test_a_number_of_an_address(text, number):
    assert read_number(text, 7, digits=6) == number
