"""The bounds of imports, as the administrator set them."""

from __future__ import annotations

from django.conf import settings

from vision.data.limits import ImportLimits, read_limits


def get_limits() -> ImportLimits:
    """`STUDIO_LIMIT_<NAME>` over the defaults."""
    return read_limits(settings.IMPORT_LIMITS)
