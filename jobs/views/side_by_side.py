"""The same images with what each of several trials predicted for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from datasets.models import DatasetVersion
from jobs.comparison import key_trial, label_trial
from jobs.labels import mark_labels
from jobs.models import Job, Trial
from jobs.predictions import Row, Rows, TogetherPage, named_rows, object_rows, only, page_together
from jobs.predictions.rows import local_predictions
from jobs.predictions.together import ALL, DIFFER, RIGHT, WRONG
from jobs.views import names, objects
from jobs.views.chosen import Chosen, choose_own
from jobs.views.common import scored_version
from jobs.views.paging import Asked
from vision.catalog.task_types import OBJECT_TASKS, TaskType
from vision.errors import NotFoundError

_PAGE, _OBJECT_PAGE = 24, 12  # images, of which objects are drawn for every trial
_PLAIN = Asked({"order": "worst", "view": ""}, (), None)  # an image's page as one comes to it from nowhere
_TITLES = {
    ALL: "All, disagreements first",
    DIFFER: "Where they disagree",
    WRONG: "All of them wrong",
    RIGHT: "All of them right",
}


def images_context(request: HttpRequest, job: Job, trials: Sequence[Trial]) -> dict[str, Any]:
    """`silent` are the trials that have no predictions; the images are there where two have some."""
    chosen = [one for trial in trials if (one := _choose(trial)) is not None]
    answering = [one.trial for one in chosen]
    silent = [{"trial": one, "label": label_trial(one, job)} for one in trials if one not in answering]
    keys = [key_trial(trial, job) for trial in trials]
    context = {"silent": silent, "keys": keys}
    if len(chosen) < 2:
        return context
    is_of_objects = job.task_type in OBJECT_TASKS
    parts, kind = [_rows(one) for one in chosen], request.GET.get("images", "")
    found = page_together(parts, kind, request.GET.get("cursor"), _OBJECT_PAGE if is_of_objects else _PAGE)
    kind = kind if kind in found.counts else ALL
    kept = [("trial", key) for key in keys] + ([("images", kind)] if kind != ALL else [])
    return context | {
        "images": _images(job, trials, chosen, parts, found.rows),
        "images_template": f"jobs/compare/_{_form(job)}.html",
        "found": found,
        "is_partly_shared": any(one.evaluation["images"] != found.counts[ALL] for one in chosen),
        "shared": found.counts[ALL],
        "kinds": _kinds(found, kind, job, answering),
        "scores": [{"label": label_trial(one.trial, job), "score": one.score} for one in chosen],
        "before_query": _query(kept, found.before),
        "next_query": _query(kept, found.next),
    }


def _choose(trial: Trial) -> Chosen | None:
    """The trial's evaluation as its model answers; None where its predictions aren't there."""
    chosen = choose_own(trial)
    try:
        return chosen if chosen is not None and local_predictions(trial) else None
    except NotFoundError:
        return None


def _form(job: Job) -> str:
    """What is predicted: `objects`, several `labels`, or one of the `names`."""
    return "objects" if job.task_type in OBJECT_TASKS else "labels" if job.task_type == TaskType.MULTILABEL else "names"


def _rows(chosen: Chosen) -> Rows:
    if chosen.trial.job.task_type in OBJECT_TASKS:
        return object_rows(chosen.trial, score=chosen.score)
    return named_rows(chosen.trial)


def _kinds(found: TogetherPage, kind: str, job: Job, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """The choices of images with how many there are."""
    titles = _TITLES | {only(trial): f"Only {label_trial(trial, job)} right" for trial in trials}
    return [
        {"value": one, "title": titles[one], "count": count, "is_chosen": one == kind}
        for one, count in found.counts.items()
    ]


def _images(
    job: Job, trials: Sequence[Trial], chosen: Sequence[Chosen], parts: Sequence[Rows], wanted: Sequence[int]
) -> list[dict[str, Any]]:
    """Each image as a tile of the truth, with what each trial answered as a tile of its own; `series` is the trial's
    colour, that of its curves."""
    version = scored_version(chosen[0].trial)
    answers = [part.pick(wanted) for part in parts]
    looks = [
        {"label": label_trial(one.trial, job), "series": place + 1}
        for place, trial in enumerate(trials)
        for one in chosen
        if one.trial == trial
    ]
    images = []
    for row in wanted:
        tiles = [_tile(answer[row], one, version) for one, answer in zip(chosen, answers, strict=True)]
        paired = [look | {"tile": tile} for look, tile in zip(looks, tiles, strict=True)]
        images.append({"truth": tiles[0], "answers": paired})
    return images


def _tile(row: Row, chosen: Chosen, version: DatasetVersion) -> dict[str, Any]:
    task_type = chosen.trial.job.task_type
    if task_type in OBJECT_TASKS:
        return objects.make_tile(row, chosen, _PLAIN, version)
    tile = names.make_tile(row, chosen, _PLAIN, version)
    has_several = task_type == TaskType.MULTILABEL
    return tile | ({"marks": mark_labels(tile, chosen.evaluation["label_names"])} if has_several else {})


def _query(kept: list[tuple[str, str]], cursor: str | None) -> str:
    return "" if cursor is None else urlencode([*kept, ("cursor", cursor)])
