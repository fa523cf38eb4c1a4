"""What a process with large libraries costs before and after its work: as Python imports and ends it, and as ours are.

Two kinds: one that serves predictions, and one that trains and packages. Each is started plainly and our way in turn;
processor seconds of the whole process and its memory at the end of the imports are compared.

    python -m benchmarks.process_start [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass

LEAST_SAVED = 0.15  # of the time
SERVING = "import vision.inference.classification, vision.inference.detection"
TRAINING = "import vision.training.process, vision.tasks.classification, mlflow.pyfunc"
# The parts of `vision.interpreter` as if it were not there
PLAIN = """
import contextlib, vision.interpreter as ours
import torchvision.tv_tensors
ours.importing, ours.leave = contextlib.nullcontext, lambda code: None
"""
PROGRAM = """
from vision.interpreter import import_torchvision, importing, leave
with importing():
    import_torchvision()
    {imports}
print(open("/proc/self/statm").read().split()[1], flush=True)
leave(0)
"""


@dataclass
class Cost:
    seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    are_ok = [compare(kind, imports, rounds) for kind, imports in (("serving", SERVING), ("training", TRAINING))]
    if not all(are_ok):
        raise SystemExit(1)


def compare(kind: str, imports: str, rounds: int) -> bool:
    program = PROGRAM.format(imports=imports)
    pairs = [(run(PLAIN + program), run(program)) for _ in range(rounds)]
    time_ratio = statistics.median(ours.seconds / plain.seconds for plain, ours in pairs)
    plain, ours = ([pair[place] for pair in pairs] for place in (0, 1))
    saved = statistics.median(one.megabytes for one in plain) - statistics.median(one.megabytes for one in ours)
    seconds = [statistics.median(one.seconds for one in costs) for costs in (plain, ours)]
    is_ok = time_ratio <= 1 - LEAST_SAVED
    print(
        f"{kind}: {seconds[0]:.1f} processor seconds plainly, {seconds[1]:.1f} ours, ratio {time_ratio:.2f}; "
        f"{saved:.0f} MB less memory (at most {1 - LEAST_SAVED:.2f}): {'ok' if is_ok else 'NOT MET'}"
    )
    told = {"benchmark": f"process_start/{kind}", "ratio": round(time_ratio, 3), "megabytes_saved": round(saved)}
    print(json.dumps(told))
    return is_ok


def run(program: str) -> Cost:
    """One process of its own from its start to its end."""
    reading, writing = os.pipe()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-W", "ignore", "-c", program],
        {**os.environ, "OMP_NUM_THREADS": "1"},
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_CLOSE, reading)],
    )
    os.close(writing)
    with os.fdopen(reading) as printed:
        pages = int(printed.readline() or 0)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"The process ended with {os.waitstatus_to_exitcode(status)}.")
    return Cost(used.ru_utime + used.ru_stime, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


if __name__ == "__main__":
    main()
