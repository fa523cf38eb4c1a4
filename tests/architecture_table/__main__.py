"""Carry out every architecture, or those named, and write `docs/architectures.md`, row by row as they are done."""

from __future__ import annotations

import argparse
import sys
import time
import warnings

from tests.architecture_table.cases import Case, list_cases
from tests.architecture_table.exercise import exercise
from tests.architecture_table.page import PAGE, read_page, update_page


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.architecture_table", description=__doc__)
    parser.add_argument("names", nargs="*", help="architectures, as yolov5, or with a size, as 'yolov5 nano'")
    parser.add_argument("--missing", action="store_true", help="only those whose row is not all green yet")
    given = parser.parse_args()
    names, cases = set(given.names), list_cases()
    unknown = names - {name for case in cases for name in (case.name, case.info.name)}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))} in the catalogue")
    warnings.simplefilter("ignore")  # what libraries say of networks at random is no news
    done = {(row.section, row.name) for row in read_page() if row.is_green} if given.missing else set()
    chosen = [case for case in cases if not names or names & {case.name, case.info.name}]
    chosen = sorted((case for case in chosen if (case.section, case.name) not in done), key=_weigh)
    broken = 0
    for number, case in enumerate(chosen, 1):
        started = time.monotonic()
        result = exercise(case)
        update_page([result])
        broken += bool(result.failures)
        told = "; ".join(f"{title}: {reason}" for title, reason in result.failures.items()) or "all holds"
        seconds = time.monotonic() - started
        print(f"{number} of {len(chosen)}  {case.section}  {case.name}  {seconds:.0f} s  {told}", flush=True)
    print(f"{len(chosen) - broken} of {len(chosen)} hold in all; written to {PAGE.name}")
    return 1 if broken else 0


def _weigh(case: Case) -> float:
    """Lightest first: what is broken shows soon."""
    return case.info.parameters_millions


if __name__ == "__main__":
    sys.exit(main())
