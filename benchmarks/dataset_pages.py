"""Browsing a dataset version of a million images: the queries, and the pages and REST around them, by p50 and p95.

The manifest is written as an import writes it: three boxes an image, 200 labels, findings about some.

    python -m benchmarks.dataset_pages [--rows 1000000] [--rounds 15]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PAGE_MS, FILTER_MS = 200.0, 300.0  # at p95; a filter is a page whose rows were never counted before
RSS_MB = 250
_STEP = 20_000
_ROWS = """
WITH chance AS (SELECT i AS row, hash(i) AS h FROM range({}, {}) t(i)),
placed AS (SELECT row, h, (h % 900) / 1000.0 AS x, (h // 1000 % 900) / 1000.0 AS y, row % 50 = 0 AS is_empty,
    ['label_' || (h % 200), 'label_' || (h // 200 % 200), 'label_' || (h // 40000 % 200)] AS names FROM chance),
drawn AS (SELECT *, '[' || array_to_string(list_transform(names, lambda name: format(
    '{{{{"label":"{{}}","topX":{{:.6f}},"topY":{{:.6f}},"bottomX":{{:.6f}},"bottomY":{{:.6f}},"isCrowd":0}}}}',
    name, x, y, x + 0.08, y + 0.07)), ',') || ']' AS cell FROM placed)
SELECT row::BIGINT AS row, ['train', 'train', 'train', 'validation', 'test'][1 + (h % 5)::INT] AS split,
    format('images/{{:03d}}/picture_{{:08d}}.jpg', row // 1000, row) AS path, sha256(row::VARCHAR) AS sha256,
    'jpeg' AS format, (320 + h % 1600)::INT AS width, (240 + h // 7 % 1200)::INT AS height,
    (20000 + h % 800000)::BIGINT AS bytes, if(is_empty, [], list_distinct(names)) AS labels,
    if(is_empty, 0, 3)::INT AS objects, if(row % 997 = 0, ['repaired_label'], []::VARCHAR[]) AS problems,
    (h // 2)::BIGINT AS phash, '' AS "group",
    if(row % 100 = 0, 'null', if(is_empty, '[]', cell)) AS annotation, 'annotations.jsonl' AS source_file,
    (row + 1)::INT AS source_line, '{{"image_url": "' || path || '", "label": ' || cell || '}}' AS source
FROM drawn ORDER BY row
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dataset-pages-") as folder:
        prepare_django(Path(folder))
        manifest = Path(folder) / "manifest.parquet"
        write(manifest, options.rows)
        fetch = make_client(manifest, options.rows)
        results = {"queries": measure_queries(manifest, options), "pages": measure_pages(fetch, options)}
    report(results, options.rows)


def prepare_django(folder: Path) -> None:
    """An empty Darkroom in `folder`, in this process."""
    os.environ.update(DJANGO_SETTINGS_MODULE="studio.settings", STUDIO_HOME=str(folder / "home"))
    for name in ("DATABASE_URL", "STORAGE_URL"):
        os.environ.pop(name, None)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def write(path: Path, rows: int) -> None:
    """The manifest, in a process of its own: its memory is not the web's."""
    begun = time.perf_counter()
    process = os.fork()
    if not process:
        try:
            write_rows(path, rows)
        finally:
            os._exit(0 if path.exists() else 1)
    if os.waitpid(process, 0)[1]:
        raise SystemExit("The manifest could not be written.")
    size = path.stat().st_size / 1e6
    print(f"{rows:,} rows written in {time.perf_counter() - begun:.1f} s, {size:.0f} MB", flush=True)


def write_rows(path: Path, rows: int) -> None:
    from vision.data.databases import connect
    from vision.data.manifest import SCHEMA
    from vision.data.tables import RowWriter

    with connect(path.parent) as database, RowWriter(path, SCHEMA) as writer:
        for start in range(0, rows, _STEP):
            table = database.sql(_ROWS.format(start, min(rows, start + _STEP))).to_arrow_table()
            writer.add_table(table.cast(SCHEMA))


def make_client(manifest: Path, rows: int) -> Callable[[str], str]:
    """A version with that manifest in the database; `fetch(path)` is the owner's GET."""
    from django.test import Client

    from datasets import storage
    from datasets.models import Dataset, DatasetVersion
    from studio.accounts import get_owner

    storage.put_file(manifest, "datasets/bench/1/manifest.parquet")
    DatasetVersion.objects.create(
        dataset=Dataset.objects.create(name="bench"),
        number=1,
        status="ready",
        task_type="image_object_detection",
        manifest_key="datasets/bench/1/manifest.parquet",
        image_count=rows,
        label_names=[f"label_{number}" for number in range(200)],
        split_counts={"train": rows * 3 // 5, "validation": rows // 5, "test": rows // 5},
    )
    client = Client()
    client.force_login(get_owner())

    def fetch(path: str) -> str:
        answer = client.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
        return answer.content.decode()

    return fetch


def measure_queries(manifest: Path, options: argparse.Namespace) -> dict[str, tuple[float, list[float]]]:
    """Each a fresh filter, so that it is counted, but for the pages that follow."""
    from vision.data.filtering import RowFilter
    from vision.data.query import find_neighbours, get_row, query_rows

    chance = random.Random(1)
    fresh = fresh_numbers(chance)
    half = options.rows // 2

    def follow(sort: str) -> Callable[[], object]:
        cursor = query_rows(manifest, sort=sort).next
        state = {"cursor": cursor}

        def turn() -> None:
            state["cursor"] = query_rows(manifest, sort=sort, cursor=state["cursor"]).next

        return turn

    def choose(**given: object) -> Callable[[], object]:
        return lambda: query_rows(manifest, RowFilter(bytes_max=810_000 + next(fresh), **given))  # type: ignore[arg-type]

    kinds: dict[str, tuple[float, Callable[[], object]]] = {
        f"page by {sort}": (PAGE_MS, follow(sort)) for sort in ("row", "-bytes", "path", "label", "pixels")
    }
    kinds |= {
        "page in the middle": (PAGE_MS, lambda: query_rows(manifest, cursor=str(half + next(fresh)))),
        "one row": (PAGE_MS, lambda: get_row(manifest, chance.randrange(options.rows))),
        "neighbours": (PAGE_MS, lambda: find_neighbours(manifest, chance.randrange(options.rows))),
        "neighbours by -bytes": (
            PAGE_MS,
            lambda: find_neighbours(manifest, chance.randrange(options.rows), RowFilter(split="test"), sort="-bytes"),
        ),
        "filter by label": (FILTER_MS, choose(labels=("label_7",))),
        "filter by 3 labels": (FILTER_MS, choose(labels=("label_7", "label_8", "label_9"))),
        "filter by split, objects": (FILTER_MS, choose(split="test", objects_min=2)),
        "filter by finding": (FILTER_MS, choose(problem="repaired_label")),
        "filter unlabelled": (FILTER_MS, choose(unlabelled=True)),
        "filter by text": (FILTER_MS, lambda: query_rows(manifest, RowFilter(search=f"{next(fresh):04d} .jpg"))),
        "filter by a label's text": (
            FILTER_MS,
            lambda: query_rows(manifest, RowFilter(search="label_19", bytes_max=810_000 + next(fresh))),
        ),
    }
    return run(kinds, options.rounds)


def measure_pages(fetch: Callable[[str], str], options: argparse.Namespace) -> dict[str, tuple[float, list[float]]]:
    chance = random.Random(2)
    fresh = fresh_numbers(chance)
    grid, items = "/datasets/bench/images/", "/api/v1/datasets/bench/versions/1/items"

    def anywhere() -> int:
        return chance.randrange(options.rows)

    kinds: dict[str, tuple[float, Callable[[], object]]] = {
        "grid": (PAGE_MS, lambda: fetch(f"{grid}?cursor={anywhere()}")),
        "grid by -bytes": (PAGE_MS, lambda: fetch(f"{grid}?sort=-bytes")),
        "grid of a label": (
            FILTER_MS,
            lambda: fetch(f"{grid}?label=label_{anywhere() % 200}&bytes_max={next(fresh)}1"),
        ),
        "grid of a text": (FILTER_MS, lambda: fetch(f"{grid}?search={anywhere():04d}")),
        "viewer": (PAGE_MS, lambda: fetch(f"{grid}{anywhere()}/")),
        "viewer in a label": (PAGE_MS, lambda: fetch(f"{grid}{anywhere()}/?label=label_7&sort=-bytes")),
        "labels completed": (PAGE_MS, lambda: fetch(f"/datasets/bench/labels/?q=label_{anywhere() % 20}")),
        "REST items": (PAGE_MS, lambda: fetch(f"{items}?cursor={anywhere()}")),
        "REST items by path": (PAGE_MS, lambda: fetch(f"{items}?sort=path&split=test")),
    }
    return run(kinds, options.rounds)


def fresh_numbers(chance: random.Random) -> Iterator[int]:
    """Numbers of four digits that never come twice."""
    yield from chance.sample(range(1_000, 10_000), 9_000)


def run(kinds: dict[str, tuple[float, Callable[[], object]]], rounds: int) -> dict[str, tuple[float, list[float]]]:
    """All take turns, so that each sees the same load of the machine; the first turn warms up."""
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(-1, rounds):
        for name, (_, call) in kinds.items():
            begun = time.perf_counter()
            call()
            if turn >= 0:
                times[name].append((time.perf_counter() - begun) * 1000)
    return {name: (kinds[name][0], times[name]) for name in kinds}


def report(results: dict[str, dict[str, tuple[float, list[float]]]], rows: int) -> None:
    worst, is_ok = 0.0, True
    for part, kinds in results.items():
        print(f"{part:28} {'p50 ms':>8} {'p95 ms':>8} {'at most':>8}")
        for name, (target, times) in kinds.items():
            p95 = statistics.quantiles(times, n=20)[18]
            is_ok, worst = is_ok and p95 <= target, max(worst, p95 / target)
            verdict = "" if p95 <= target else "  TOO SLOW"
            print(f"{name:28} {statistics.median(times):8.1f} {p95:8.1f} {target:8g}{verdict}")
    rss = read_rss()
    is_ok = is_ok and rss <= RSS_MB
    print(f"memory of this process: {rss:.0f} MB, at most {RSS_MB}: {'ok' if rss <= RSS_MB else 'TOO MUCH'}")
    print(json.dumps({"benchmark": "dataset_pages", "rows": rows, "worst": round(worst, 2), "rss_mb": round(rss)}))
    if not is_ok:
        raise SystemExit(1)


def read_rss() -> float:
    """MB held now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
