"""The curves of several trials in one chart a metric."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.charts import Chart, Series, direction_of, epoch_chart, title_of

_LOSSES = ("loss_train", "loss_valid")


def overlaid_charts(series: Mapping[str, Series], primary_metric: str) -> list[Chart]:
    """The primary metric and the losses over the epochs, a line a trial. `series` is each trial's by what to call it;
    its place there is its colour in every chart, whether or not the others have the metric."""
    shown = []
    for name in (primary_metric, *_LOSSES):
        told = {label: one[name] for label, one in series.items() if one.get(name)}
        if told:
            places = {label: place for place, label in enumerate(series)}
            chart = epoch_chart(told, title=str, places=places)
            slug = name.replace("_", "-")
            shown.append({"id": f"chart-{slug}", "title": title_of(name), "direction": direction_of(name), **chart})
    return shown
