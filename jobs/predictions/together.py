"""What several trials predicted for the same images, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.predictions.rows import Rows, open_database, read_cursor
from vision.catalog.task_types import TaskType

ALL, DIFFER, WRONG, RIGHT = "all", "differ", "wrong", "right"
_RIGHT = {TaskType.CLASSIFICATION: "coalesce(truth = predicted, false)"}
_TABLE = "CREATE TABLE outcomes (trial INTEGER, row BIGINT, is_right BOOLEAN, loss DOUBLE)"
# Only images that every trial has a prediction for
_IMAGES = """
    CREATE VIEW images AS
    SELECT row, count(*) FILTER (is_right) AS rights, min(trial) FILTER (is_right) AS first_right,
        max(loss) - min(loss) AS spread
    FROM outcomes GROUP BY row HAVING count(*) = {trials}
"""
_DIFFER = "rights BETWEEN 1 AND {trials} - 1"


@dataclass(frozen=True)
class TogetherPage:
    """Rows of the dataset that a page shows. `counts` is how many images there are of each kind (`only(n)` and the
    four above), `total` of the one asked for; `before` and `next` are cursors, None at an end."""

    rows: list[int]
    counts: dict[str, int]
    total: int
    before: str | None
    next: str | None


def only(trial_number: int) -> str:
    """The kind of images that this trial alone has right."""
    return f"only-{trial_number}"


def page_together(parts: Sequence[Rows], kind: str = ALL, cursor: str | None = None, limit: int = 24) -> TogetherPage:
    """A page of the images that the trials of `parts` all have a prediction for: those on which one is right and
    another wrong first, and of these the ones first on which they are furthest apart. A kind that there is not is all.

    Holds a number and a truth value for each image and trial, nothing else.

    Raises:
        ConflictError, NotFoundError: a trial has no predictions, or the cursor is none of ours.
    """
    start, trials = read_cursor(cursor), len(parts)
    with open_database() as database:
        database.execute(_TABLE)
        for part in parts:
            query, bound = part.source()
            is_right = _RIGHT.get(TaskType(part.trial.job.task_type), "is_right")
            outcome = f"SELECT {part.trial.number}, row, {is_right}, loss FROM ({query})"
            database.execute(f"INSERT INTO outcomes {outcome}", bound)
        database.execute(_IMAGES.format(trials=trials))
        counted = database.execute("SELECT rights, first_right, count(*) FROM images GROUP BY ALL").fetchall()
        counts = _count_kinds(counted, [part.trial.number for part in parts])
        conditions = _conditions(trials, counts)
        kind = kind if kind in conditions else ALL
        order = f"({_DIFFER.format(trials=trials)}) DESC, spread DESC, row"
        query = f"SELECT row FROM images WHERE {conditions[kind]} ORDER BY {order} LIMIT {limit} OFFSET {start}"
        rows = [row for (row,) in database.execute(query).fetchall()]
    total = counts[kind]
    before = str(max(0, start - limit)) if start else None
    return TogetherPage(rows, counts, total, before, str(start + limit) if start + limit < total else None)


def _count_kinds(counted: Sequence[tuple[int, int | None, int]], numbers: Sequence[int]) -> dict[str, int]:
    counts = dict.fromkeys([ALL, DIFFER, *map(only, numbers), WRONG, RIGHT], 0)
    for rights, first_right, images in counted:
        kinds = [ALL, WRONG if rights == 0 else RIGHT if rights == len(numbers) else DIFFER]
        if rights == 1 and first_right is not None:
            kinds.append(only(first_right))
        for kind in kinds:
            counts[kind] += images
    return counts


def _conditions(trials: int, counts: dict[str, int]) -> dict[str, str]:
    """What each kind asks of an image."""
    fixed = {ALL: "true", DIFFER: _DIFFER.format(trials=trials), WRONG: "rights = 0", RIGHT: f"rights = {trials}"}
    alone = "rights = 1 AND first_right = {}"
    return {kind: fixed.get(kind) or alone.format(int(kind.removeprefix("only-"))) for kind in counts}
