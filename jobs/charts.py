"""Chart options, and the same as tables, for the job and trial pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Chart = dict[str, Any]
Series = dict[str, list[dict[str, Any]]]

DASHES: tuple[Any, ...] = ("solid", "dashed", "dotted", [8, 3, 2, 3], [12, 4], [2, 6], [12, 3, 3, 3], [4, 2])
TITLES = {
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
}
THRESHOLD_TITLES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "iou": "IoU"}
# Which metrics share a chart; what is missing of a group is left out, a group of nothing too.
_MAIN = (
    ("loss", "Loss", "lower is better", ("loss_train", "loss_valid")),
    ("iou", "IoU of the labels", "higher is better", ("iou", "iou_macro", "iou_weighted")),
    ("accuracy", "Accuracy", "higher is better", ("accuracy", "balanced_accuracy")),
)
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
    ("learning-rate", "Learning rate", "", ("learning_rate",)),
)
_LOWER = {"loss_train", "loss_valid", "log_loss"}
_HEADLINE = ("iou", "accuracy", "f1_score_macro", "AUC_macro", "log_loss")


def title_of(name: str) -> str:
    return TITLES.get(name) or name.replace("_score_", ", ").replace("_", " ").capitalize()


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


def epoch_chart(series: Series) -> Chart:
    """Lines over epochs, one a metric."""
    epochs = sorted({point["epoch"] for points in series.values() for point in points})
    options = {
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "left": 0, "icon": "roundRect", "itemHeight": 3, "itemWidth": 18},
        "grid": {"left": 8, "right": 18, "top": 40, "bottom": 24, "containLabel": True},
        "xAxis": {
            "type": "value",
            "name": "epoch",
            "nameLocation": "middle",
            "nameGap": 26,
            "min": 1,
            "max": max(epochs[-1], 2),
            "minInterval": 1,
        },
        "yAxis": {"type": "value", "scale": True},
        "series": [
            {
                "name": title_of(name),
                "type": "line",
                "showSymbol": len(points) < 40,
                "lineStyle": {"type": DASHES[index % len(DASHES)], "width": 2},
                "data": [[point["epoch"], rounded(point["value"])] for point in points],
            }
            for index, (name, points) in enumerate(series.items())
        ],
    }
    values = {name: {point["epoch"]: point["value"] for point in points} for name, points in series.items()}
    rows = [[epoch, *(_cell(values[name].get(epoch)) for name in series)] for epoch in epochs]
    return {"options": options, "table": {"columns": ["Epoch", *map(title_of, series)], "rows": rows}}


def curve_chart(evaluation: dict[str, Any], kind: str) -> Chart:
    """ROC (`roc`) or precision-recall (`precision_recall`) curves, one a label, each with its area."""
    curves = evaluation.get("curves", {}).get(kind, [])
    x, y = ("False positive rate", "True positive rate") if kind == "roc" else ("Recall", "Precision")
    series: list[dict[str, Any]] = [
        {
            "name": curve["label"],
            "type": "line",
            "showSymbol": False,
            "lineStyle": {"type": DASHES[index % len(DASHES)], "width": 1.75},
            "data": [[rounded(a), rounded(b)] for a, b in zip(curve["x"], curve["y"], strict=True)],
        }
        for index, curve in enumerate(curves)
    ]
    area = "Area under the curve" if kind == "roc" else "Average precision"
    rows = [[curve["label"], _cell(curve.get("area"))] for curve in curves]
    table = {"columns": ["Label", area], "rows": rows}
    return {"options": unit_square(x, y) | {"series": series}, "table": table}


def threshold_chart(
    points: Sequence[Mapping[str, Any]], names: Sequence[str], recommended: float | None = None
) -> Chart | None:
    """Metrics over the threshold: `points` have `score` and each of `names`; `recommended` is best for the last one."""
    if not points:
        return None
    series: list[dict[str, Any]] = [
        {
            "name": THRESHOLD_TITLES[name],
            "type": "line",
            "showSymbol": False,
            "lineStyle": {"type": DASHES[index], "width": 2},
            "data": [[rounded(point["score"]), rounded(point[name])] for point in points],
        }
        for index, name in enumerate(names)
    ]
    if recommended is not None:
        series[-1]["markLine"] = {
            "symbol": "none",
            "label": {"formatter": f"best {THRESHOLD_TITLES[names[-1]]} at {recommended:.2g}"},
            "data": [{"xAxis": rounded(recommended)}],
        }
    rows = [[f"{point['score']:.2f}", *(_cell(point[name]) for name in names)] for point in points]
    table = {"columns": ["Score of at least", *(THRESHOLD_TITLES[name] for name in names)], "rows": rows}
    return {"options": unit_square("Score threshold", "") | {"series": series}, "table": table}


def unit_square(x: str, y: str) -> dict[str, Any]:
    """Options of a chart whose axes both go from 0 to 1."""
    axis = {"type": "value", "min": 0, "max": 1, "nameLocation": "middle"}
    return {
        "tooltip": {"trigger": "item"},
        "legend": {"type": "scroll", "top": 0, "left": 0, "icon": "roundRect", "itemHeight": 3, "itemWidth": 18},
        "grid": {"left": 24, "right": 18, "top": 40, "bottom": 24, "containLabel": True},
        "xAxis": axis | {"name": x, "nameGap": 26},
        "yAxis": axis | {"name": y, "nameGap": 34},
    }


def summary_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every metric with its title, direction and, where there is one, its interval (`low` and `high`)."""
    bounds = {f"{name}{end}" for name in summary for end in ("_low", "_high")} & set(summary)
    return [
        {
            "name": name,
            "title": title_of(name),
            "value": value,
            "low": summary.get(f"{name}_low"),
            "high": summary.get(f"{name}_high"),
            "direction": "" if name == "learning_rate" else "lower is better" if name in _LOWER else "higher is better",
        }
        for name, value in summary.items()
        if name not in bounds
    ]


def headline(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The few numbers that stand above the evaluation."""
    metrics, confidence = evaluation.get("metrics", {}), evaluation.get("confidence")
    shown = {name: metrics[name] for name in _HEADLINE if metrics.get(name) is not None}
    if confidence:
        shown |= {f"{confidence['metric']}_{end}": confidence[end] for end in ("low", "high")}
    rows = summary_rows(shown)
    titles = {"accuracy": "All labels right"} if "iou" in shown else {}
    return [row | {"title": titles.get(row["name"], row["title"])} for row in rows]


def rounded(value: float | None) -> float | None:
    """Six digits: enough for a chart."""
    return None if value is None else float(f"{value:.6g}")


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
