"""`docs/architectures.md`: what came of the checks, a row a case. The page is its own record: it is read back, and what
was not carried out anew keeps its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.architecture_table.cases import Case, list_cases
from tests.architecture_table.checks import CHECKS, SAME
from tests.architecture_table.documents import BATCH, IMAGE_SIZES, SIDE, TRAINED, VALIDATED
from tests.architecture_table.exercise import Result

PAGE = Path(__file__).parents[2] / "docs" / "architectures.md"
HOLDS = "✓"
UNKNOWN = "not checked"
COLUMNS = ("architecture", "weights", *(check.title for check in CHECKS))

_HEAD = """# What every architecture does

Made by `make architectures`, which carries out every architecture of the catalogue, in each size and for each task
type, and writes down what it saw: {holds} is what was seen to hold, anything else is said in words. The suite
(`tests/contracts/test_architecture_table.py`) carries out the lightest of each family and task type in the same way
(with several labels an image the lightest of all), and fails where this page lists other architectures than the
catalogue, or a cell is not {holds}.
`make architectures ARGS="yolov5 resnet18"` carries out those alone and keeps the other rows, `ARGS=--missing` those
whose row is not all {holds} yet.

| column | what holds |
|---|---|
| weights | how many the network has, in millions, counted as it was trained |
{meanings}

Each row is a run through the loop, the packaging and the predictor that jobs use, on the smallest input that means
something: {trained} images to train and {validated} to validate, of 48 × 40 px with labels to name, or of 96 × 80 px
with objects on them; batches of {batch}, one epoch. The networks are whole and begin at random. They see squares of
{side} px, or of the one side they take (224 px, Swin V2 192 px); YOLOv5 squares of {yolov5} px and detectors of the
Hub of {detr} px; R-CNNs and RetinaNet {side} px on the shorter side, with reduced proposals. AdamW, a learning rate of
1e-5, no mixed precision, the CPU, one thread. So that a network at random tells images apart and does not amplify what
is rounded, batch normalisation begins with the statistics of the images to validate and with factors of 0.3 (0.2 in
networks of more than 50 million weights), and the heads of YOLOv5, R-CNNs and RetinaNet with larger weights. Outputs
are equal where numbers in −1–1 differ by at most {same}, and larger ones by that share. In the suite the Hub's
classifier has two of its twelve equal layers.
"""


@dataclass(frozen=True)
class Row:
    """A row of the page; `cells` by the titles of the checks."""

    section: str
    name: str
    weights: str
    cells: Mapping[str, str]

    @classmethod
    def of(cls, result: Result) -> Row:
        cells = {check.title: result.failures.get(check.title, HOLDS).replace("|", "/") for check in CHECKS}
        return cls(result.case.section, result.case.name, f"{result.millions:.1f}", cells)

    @property
    def is_green(self) -> bool:
        return all(cell == HOLDS for cell in self.cells.values())


def read_page(path: Path = PAGE) -> list[Row]:
    """The rows of the page, in its order; none where it is not there."""
    rows, section = [], ""
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif section and line.startswith("| `"):
            name, weights, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            rows.append(Row(section, name.strip("`"), weights, dict(zip(COLUMNS[2:], cells, strict=True))))
    return rows


def update_page(results: Iterable[Result], path: Path = PAGE) -> None:
    """Write the rows of these results, keep those of others, and drop what is no longer in the catalogue."""
    rows = {(row.section, row.name): row for row in (*read_page(path), *map(Row.of, results))}
    path.write_text(_write(rows), encoding="utf-8")


def _write(rows: Mapping[tuple[str, str], Row]) -> str:
    cases = list_cases()
    parts = [_HEAD.format(**_list_facts())]
    for section in dict.fromkeys(case.section for case in cases):
        lines = [_write_row(case, rows.get((section, case.name))) for case in cases if case.section == section]
        parts.append("\n".join([f"## {section}", "", _join(COLUMNS), _join(["---"] * len(COLUMNS)), *lines, ""]))
    return "\n".join(parts)


def _list_facts() -> dict[str, object]:
    meanings = "\n".join(f"| {check.title} | {check.meaning} |" for check in CHECKS)
    numbers = {"trained": TRAINED, "validated": VALIDATED, "batch": BATCH, "side": SIDE, "same": SAME}
    return {"holds": HOLDS, "meanings": meanings, **numbers, **IMAGE_SIZES}


def _write_row(case: Case, row: Row | None) -> str:
    if row is None:
        return _join([f"`{case.name}`", "", *[UNKNOWN] * len(CHECKS)])
    return _join([f"`{case.name}`", row.weights, *(row.cells[check.title] for check in CHECKS)])


def _join(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
