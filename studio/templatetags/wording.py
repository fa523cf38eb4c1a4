"""Numbers, sizes and times in words; code among words."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

NOTHING = "–"
_AGES = ((365 * 86400, "year"), (30 * 86400, "month"), (86400, "day"), (3600, "h"), (60, "min"))


def format_number(value: Any) -> str:
    """Four significant digits; whole numbers whole, thousands apart by a thin space."""
    if value is None or value == "" or isinstance(value, bool):
        return NOTHING
    number = float(value)
    if not math.isfinite(number):
        return NOTHING
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}".replace(",", "\u202f")
    if abs(number) >= 1000:
        return f"{number:,.0f}".replace(",", "\u202f")
    text = f"{number:.4g}"
    return text if "e" in text else text.rstrip("0").rstrip(".") if "." in text else text


def format_with_code(text: str) -> SafeString:
    """What stands between back quotes, as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one has no other half
        return format_html("{}", text)
    marked = (format_html("<code>{}</code>" if place % 2 else "{}", part) for place, part in enumerate(parts))
    return format_html_join("", "{}", ((part,) for part in marked))


def break_name(name: str) -> SafeString:
    """A name in code, which may go on in the next line after any of its underscores."""
    return format_html_join(SafeString("_<wbr>"), "{}", ((part,) for part in name.split("_")))


def format_percent(value: Any) -> str:
    """0.8125 is 81.3 %."""
    return NOTHING if value is None or value == "" else f"{float(value) * 100:.1f}\u00a0%"


def format_size(value: Any) -> str:
    """Bytes in the unit that reads best, 1 kB = 1000 bytes."""
    if value is None or value == "":
        return NOTHING
    size, units = float(value), ["B", "kB", "MB", "GB", "TB", "PB"]
    while size >= 1000 and len(units) > 1:
        size, _ = size / 1000, units.pop(0)
    return f"{size:.0f}\u00a0{units[0]}" if size >= 100 or units[0] == "B" else f"{size:.1f}\u00a0{units[0]}"


def format_duration(seconds: Any) -> str:
    """The two largest units: 2 h 5 min, 3 min 20 s, 4.2 s, 12 ms."""
    if seconds is None or seconds == "":
        return NOTHING
    seconds = max(0.0, float(seconds))
    if 0 < seconds < 0.095:
        return f"{seconds * 1000:.2g}\u00a0ms"
    if seconds < 10:
        return f"{seconds:.1f}\u00a0s".replace(".0\u00a0", "\u00a0")
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((index for index, (count, _) in enumerate(parts) if count), 3)
    return " ".join(f"{count}\u00a0{unit}" for count, unit in parts[first : first + 2] if count) or "0\u00a0s"


def format_ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago, in one unit."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    if seconds < -5:
        return f"in {format_duration(-seconds)}"
    if seconds < 5:
        return "just now"
    for length, unit in _AGES:
        if (count := int(seconds // length)) >= 1:
            plural = "s" if count > 1 and unit in ("year", "month", "day") else ""
            return f"{count} {unit}{plural} ago"
    return f"{int(seconds)} s ago"
