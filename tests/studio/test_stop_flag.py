from __future__ import annotations

import subprocess
import sys

from studio.stop_flag import StopFlag

SIGNALED_AT_ANY_MOMENT = """
import random, signal
from studio.stop_flag import StopFlag

flag = StopFlag()
signal.signal(signal.SIGALRM, lambda *_: flag.set())
for _ in range(1000):
    flag = StopFlag()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-3))
    while not flag.wait(1e-5):
        pass
print("each was seen")
"""


def test_it_is_not_set_until_it_is():
    flag = StopFlag()
    assert not flag.is_set()
    assert not flag.wait(0.01)
    flag.set()
    assert flag.is_set()
    assert flag.wait(0)
    assert flag.wait(60)
    assert flag.wait(60)


def test_a_signal_that_comes_while_it_is_waited_for_is_seen_and_holds_nothing_up():
    command = [sys.executable, "-c", SIGNALED_AT_ANY_MOMENT]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "each was seen\n", result.stderr
