from __future__ import annotations

import pytest

from vision.data.limits import DEFAULT_LIMITS, ImportLimits, read_limits
from vision.errors import InvalidDatasetError


def test_defaults_stay_where_nothing_is_set():
    assert read_limits({"HOME": "/root"}) == DEFAULT_LIMITS


def test_variables_change_limits():
    assert read_limits({"STUDIO_LIMIT_MAX_LABELS": "7"}) == ImportLimits(max_labels=7)


@pytest.mark.parametrize("variables", [{"STUDIO_LIMIT_MAX_LABEL": "7"}, {"STUDIO_LIMIT_MAX_LABELS": "many"},
                                       {"STUDIO_LIMIT_MAX_LABELS": "0"},
                                       {"STUDIO_LIMIT_MAX_IMAGE_PIXELS": "200000000"}])  # fmt: skip
def test_what_is_no_limit_is_named(variables):
    with pytest.raises(InvalidDatasetError, match=next(iter(variables))):
        read_limits(variables)


def test_every_limit_has_its_sentence():
    assert all(field.description.endswith(".") for field in ImportLimits.model_fields.values())
