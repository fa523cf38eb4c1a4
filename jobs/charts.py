"""Chart options, and the same as tables, for the job and trial pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from jobs.intervals import read_interval

Chart = dict[str, Any]
Series = dict[str, list[dict[str, Any]]]

DASHES: tuple[Any, ...] = ("solid", "dashed", "dotted", [8, 3, 2, 3], [12, 4], [2, 6], [12, 3, 3, 3], [4, 2])
TITLES = {
    "mean_average_precision": "Mean average precision",
    "precision": "Precision",
    "recall": "Recall",
    "accuracy": "Accuracy",
    "iou": "IoU",
    "iou_macro": "IoU, macro",
    "iou_micro": "IoU, micro",
    "iou_weighted": "IoU, weighted",
    "balanced_accuracy": "Balanced accuracy",
    "loss_train": "Training loss",
    "loss_valid": "Validation loss",
    "log_loss": "Log loss",
    "learning_rate": "Learning rate",
    "f1_score_macro": "F1, macro",
    "f1_score_micro": "F1, micro",
    "f1_score_weighted": "F1, weighted",
    "AUC_macro": "AUC, macro",
    "AUC_micro": "AUC, micro",
    "AUC_weighted": "AUC, weighted",
    "matthews_correlation": "Matthews correlation",
    "norm_macro_recall": "Normalised macro recall",
    "coco_AP": "AP, COCO (IoU 0.50 to 0.95)",
    "coco_AP50": "AP, COCO (IoU 0.50)",
    "coco_AP75": "AP, COCO (IoU 0.75)",
}
RESOURCES = {
    "script_duration_seconds": ("Whole run", "seconds"),
    "train_duration_seconds": ("Training", "seconds"),
    "train_epoch_count": ("Epochs", ""),
    "train_epoch_duration_seconds_avg": ("An epoch's training", "seconds"),
    "train_epoch_duration_seconds_max": ("The longest epoch's training", "seconds"),
    "total_score_time_sec": ("Scoring the finished network", "seconds"),
    "per_image_avg_score_time_sec": ("Scoring an image", "seconds"),
    "train_gpu_mem_used_mb_avg": ("GPU memory in training", "MiB"),
    "train_gpu_mem_used_mb_max": ("GPU memory in training, most", "MiB"),
    "valid_gpu_mem_used_mb_avg": ("GPU memory in validation", "MiB"),
    "valid_gpu_mem_used_mb_max": ("GPU memory in validation, most", "MiB"),
    "gpu_used_pct": ("GPU busy", "%"),
    "sys_mem_used_mb_avg": ("Memory of the machine in use", "MiB"),
    "sys_mem_used_mb_max": ("Memory of the machine in use, most", "MiB"),
    "sys_mem_total_mb": ("Memory of the machine", "MiB"),
}
"""Numbers of a trial's summary that say nothing of how good it is: title and unit."""
# Which metrics share a chart; what is missing of a group is left out, a group of nothing too.
_MAIN = (
    ("loss", "Loss", "lower is better", ("loss_train", "loss_valid")),
    (
        "map",
        "Mean average precision",
        "higher is better",
        ("mean_average_precision", "mean_average_precision_train", "coco_AP"),
    ),
    ("precision-recall", "Precision and recall", "higher is better", ("precision", "recall")),
    ("iou", "IoU of the labels", "higher is better", ("iou", "iou_train", "iou_macro", "iou_weighted")),
    ("accuracy", "Accuracy", "higher is better", ("accuracy", "accuracy_train", "balanced_accuracy")),
)
MAIN_METRICS = frozenset(name for *_, names in _MAIN for name in names)
_OTHERS = (
    ("f1", "F1", "higher is better", ("f1_score_macro", "f1_score_weighted", "f1_score_micro")),
    ("auc", "Area under the ROC curve", "higher is better", ("AUC_macro", "AUC_weighted", "AUC_micro")),
    (
        "precision",
        "Precision",
        "higher is better",
        ("precision_score_macro", "precision_score_weighted", "precision_score_micro"),
    ),
    ("recall", "Recall", "higher is better", ("recall_score_macro", "recall_score_weighted", "recall_score_micro")),
    ("coco", "COCO, by size of the object", "higher is better", ("coco_AP_small", "coco_AP_medium", "coco_AP_large")),
    ("learning-rate", "Learning rate", "", ("learning_rate",)),
)
_NEARLY_ALL = 0.8  # of a share: a round number above is beyond 1
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_MOST_STEPS = 5
_LOWER = {"loss", "loss_valid", "log_loss"}


def title_of(name: str) -> str:
    if name.endswith("_train") and name not in TITLES:
        return f"{title_of(name.removesuffix('_train'))}, training images"
    return TITLES.get(name) or name.replace("_score_", ", ").replace("_", " ").capitalize()


def direction_of(name: str) -> str:
    """Which way is better; empty where neither is."""
    if name == "learning_rate":
        return ""
    return "lower is better" if name.removesuffix("_train") in _LOWER else "higher is better"


def training_charts(series: Series) -> list[Chart]:
    """Loss and what tells best how good it is, over the epochs."""
    return _groups(series, _MAIN)


def other_charts(series: Series) -> list[Chart]:
    """The further metrics over the epochs."""
    return _groups(series, _OTHERS)


def _groups(series: Series, groups: tuple[tuple[str, str, str, tuple[str, ...]], ...]) -> list[Chart]:
    shown = []
    for key, title, direction, names in groups:
        present = {name: series[name] for name in names if series.get(name)}
        if present:
            shown.append({"id": f"chart-{key}", "title": title, "direction": direction, **epoch_chart(present)})
    return shown


def epoch_chart(
    series: Series, title: Callable[[str], str] = title_of, places: Mapping[str, int] | None = None
) -> Chart:
    """Lines over epochs, one a metric or, with a `title` and the `places` of their colours, one of anything else."""
    epochs = sorted({point["epoch"] for points in series.values() for point in points})
    looks = [(places[name] if places else index, name, points) for index, (name, points) in enumerate(series.items())]
    options = {
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "left": 0, "icon": "roundRect", "itemHeight": 3, "itemWidth": 18},
        "grid": {"left": 8, "right": 18, "top": 40, "bottom": 24},
        "xAxis": {
            "type": "value",
            "name": "epoch",
            "nameLocation": "middle",
            "nameGap": 26,
            "min": 1,
            "max": max(epochs[-1], 2),
            "minInterval": 1,
        },
        "yAxis": {
            "type": "value",
            "scale": True,
            **_bounds([point["value"] for points in series.values() for point in points]),
        },
        "series": [
            {
                "name": title(name),
                "type": "line",
                "showSymbol": len(points) < 40,
                "lineStyle": {"type": DASHES[place % len(DASHES)], "width": 2},
                "data": [[point["epoch"], rounded(point["value"])] for point in points],
                **({} if places is None else {"color": f"token:series-{place % len(DASHES) + 1}"}),
            }
            for place, name, points in looks
        ],
    }
    values = {name: {point["epoch"]: point["value"] for point in points} for name, points in series.items()}
    rows = [[epoch, *(cell(values[name].get(epoch)) for name in series)] for epoch in epochs]
    return {"options": options, "table": {"columns": ["Epoch", *map(title, series)], "rows": rows}}


def _bounds(values: list[float | None]) -> dict[str, float]:
    """Of an axis that would go beyond what its values can be by itself: of shares that come close to 1. Its steps lead
    up to 1 evenly."""
    known = [value for value in values if value is not None]
    if not known or min(known) < 0 or not _NEARLY_ALL < max(known) <= 1:
        return {}
    span = 1 - min(known) if min(known) < max(known) else 1.0
    step = next(step for step in _STEPS if span <= _MOST_STEPS * step + 1e-9)
    return {"min": round(1 - math.ceil(span / step - 1e-9) * step, 4), "max": 1, "interval": step}


def summary_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics with their titles, directions and, where there is one, the interval."""
    left_out = {f"{name}{end}" for name in summary for end in ("_low", "_high")} | set(RESOURCES)
    return [
        {
            "name": name,
            "title": title_of(name),
            "value": value,
            "interval": read_interval(summary, name),
            "direction": direction_of(name),
        }
        for name, value in summary.items()
        if name not in left_out and value is not None
    ]


def resource_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the run took, `{name, title, value, unit}`."""
    return [
        {"name": name, "title": title, "value": summary[name], "unit": unit}
        for name, (title, unit) in RESOURCES.items()
        if summary.get(name) is not None
    ]


def rounded(value: float | None) -> float | None:
    """Six digits: enough for a chart."""
    return None if value is None else float(f"{value:.6g}")


def cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
