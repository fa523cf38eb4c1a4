"""The components every page is made of. Each tag draws one template of `templates/components/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.charts import title_of
from studio.templatetags.icons import draw_icon
from studio.templatetags.statuses import look_of
from studio.templatetags.wording import (
    NOTHING,
    break_name,
    format_ago,
    format_duration,
    format_number,
    format_percent,
    format_size,
    format_with_code,
)
from vision.spec.writing import write_value

register = template.Library()
register.filter("number", format_number)
register.filter("percent", format_percent)
register.filter("setting", write_value)
register.filter("metric_title", title_of)
register.filter("with_code", format_with_code)
register.filter("size", format_size)
register.filter("break_name", break_name)
register.simple_tag(draw_icon, name="icon")
register.simple_tag(format_duration, name="duration")


@register.filter
def metric_words(name: str) -> str:
    """A metric's title among other words: mean average precision, IoU."""
    title = title_of(name)
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]


@register.filter
def status_label(status: str) -> str:
    return look_of(status).label


@register.inclusion_tag("components/status_badge.html")
def status_badge(status: str, label: str = "") -> dict[str, Any]:
    look = look_of(str(status))
    return {"look": look, "label": label or look.label}


@register.inclusion_tag("components/progress.html")
def progress(value: float | None, label: str = "") -> dict[str, Any]:
    """A bar of `value` in 0–1; None for work whose end is not known."""
    share = None if value is None else min(max(float(value), 0.0), 1.0)
    return {"value": share, "percent": None if share is None else round(share * 100), "label": label}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"items": items}


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    icon: str, title: str, text: str, url: str = "", label: str = "", is_main: bool = True
) -> dict[str, Any]:
    """`is_main` says whether its button is the page's main action."""
    return {"icon": icon, "title": title, "text": text, "url": url, "label": label, "is_main": is_main}


@register.inclusion_tag("components/error_box.html")
def error_box(error: Any) -> dict[str, Any]:
    """`error` is a DarkroomError, its `to_dict()`, or nothing."""
    return {"error": error.to_dict() if hasattr(error, "to_dict") else error}


@register.inclusion_tag("components/chart.html")
def chart(id: str, options: Mapping[str, Any], table: Mapping[str, Any], label: str = "") -> dict[str, Any]:  # noqa: A002
    """`options` are ECharts options; `table` is the same as `{"columns": [...], "rows": [[...]]}`."""
    return {"id": id, "options": options, "options_id": f"{id}-options", "table": table, "label": label or id}


@register.inclusion_tag("components/image_grid.html")
def image_grid(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"items": items}


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    if not moment:
        return NOTHING
    full = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), full, format_ago(moment))


@register.inclusion_tag("components/copy_block.html")
def copy_block(text: str, language: str = "text") -> dict[str, Any]:
    return {"text": text, "language": language, "is_short": "\n" not in str(text).strip()}


@register.simple_tag
def live(url: str, seconds: float = 2) -> SafeString | str:
    """Attributes of an element that refreshes itself from `url`, until an answer comes without them."""
    if not url:
        return ""
    return format_html(
        'hx-get="{}" hx-trigger="every {}s, live:now" hx-swap="morph:outerHTML" hx-target="this" data-live',
        url,
        seconds,
    )


@register.inclusion_tag("components/field.html")
def field(name: str, label: str, value: Any = "", **attributes: Any) -> dict[str, Any]:
    """A form row. `help`, `error` and `type` by keyword; any other keyword is an attribute of the input (`min=0`)."""
    row = {"name": name, "label": label, "value": value, "help": "", "error": "", "type": "text"}
    row |= {key: attributes.pop(key) for key in ("help", "error", "type") if key in attributes}
    given = {key.replace("_", "-"): setting for key, setting in attributes.items() if setting not in (False, None)}
    return row | {"attributes": given}
