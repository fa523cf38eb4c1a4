"""What several trials predicted for the same images, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.models import Trial
from jobs.predictions.rows import Rows, read_cursor
from vision.catalog.task_types import TaskType
from vision.data.databases import connect

ALL, DIFFER, WRONG, RIGHT = "all", "differ", "wrong", "right"
_RIGHT = {TaskType.CLASSIFICATION: "coalesce(truth = predicted, false)"}
_TABLE = "CREATE TABLE outcomes (trial BIGINT, row BIGINT, is_right BOOLEAN, loss DOUBLE)"
# Only images that every trial has a prediction for
_IMAGES = """
    CREATE VIEW images AS
    SELECT row, count(*) FILTER (is_right) AS rights, min(trial) FILTER (is_right) AS first_right,
        max(loss) - min(loss) AS spread
    FROM outcomes GROUP BY row HAVING count(*) = {trials}
"""


@dataclass(frozen=True)
class TogetherPage:
    """Rows of the dataset that a page shows. `counts` is how many images there are of each kind (the four above, and
    `only` of each trial), `total` of the one asked for; `before` and `next` are cursors, None at an end."""

    rows: list[int]
    counts: dict[str, int]
    total: int
    before: str | None
    next: str | None


def only(trial: Trial) -> str:
    """The kind of images that this trial alone has right."""
    return f"only-{trial.name}"


def page_together(parts: Sequence[Rows], kind: str = ALL, cursor: str | None = None, limit: int = 24) -> TogetherPage:
    """A page of the images that the trials of `parts` all have a prediction for: those on which one is right and
    another wrong first, and of these the ones first on which they are furthest apart. A kind that there is not is all.

    Holds a number and a truth value for each image and trial, nothing else.

    Raises:
        ConflictError, NotFoundError: a trial has no predictions, or the cursor is none of ours.
    """
    start, trials = read_cursor(cursor), [part.trial for part in parts]
    conditions = _conditions(trials)
    kind = kind if kind in conditions else ALL
    with connect(spill=None) as database:
        database.execute(_TABLE)
        for part in parts:
            query, bound = part.source()
            is_right = _RIGHT.get(TaskType(part.trial.job.task_type), "is_right")
            outcome = f"SELECT {part.trial.pk}, row, {is_right}, loss FROM ({query})"
            database.execute(f"INSERT INTO outcomes {outcome}", bound)
        database.execute(_IMAGES.format(trials=len(trials)))
        counting = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions.values())
        counted = database.execute(f"SELECT {counting} FROM images").fetchall()[0]
        order = f"({conditions[DIFFER]}) DESC, spread DESC, row"
        query = f"SELECT row FROM images WHERE {conditions[kind]} ORDER BY {order} LIMIT {limit} OFFSET {start}"
        rows = [row for (row,) in database.execute(query).fetchall()]
    counts = dict(zip(conditions, counted, strict=True))
    before = str(max(0, start - limit)) if start else None
    return TogetherPage(
        rows, counts, counts[kind], before, str(start + limit) if start + limit < counts[kind] else None
    )


def _conditions(trials: Sequence[Trial]) -> dict[str, str]:
    """What each kind asks of an image."""
    count = len(trials)
    alone = {only(trial): f"rights = 1 AND first_right = {trial.pk}" for trial in trials}
    between = {DIFFER: f"rights BETWEEN 1 AND {count - 1}"} | alone
    return {ALL: "true"} | between | {WRONG: "rights = 0", RIGHT: f"rights = {count}"}
