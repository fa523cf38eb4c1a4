"""Fixtures that every part of the suite shares. STUDIO_HOME is a temporary folder from tests/settings.py on."""

from __future__ import annotations

import atexit
import gc
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.expression import Expression
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from vision.interpreter import import_torchvision
from vision.training.launch import KEPT_MEMORY, SHARED_PROCESSORS

IS_ONE_OF_SEVERAL = "PYTEST_XDIST_WORKER" in os.environ
gc.disable()  # until all is imported
if IS_ONE_OF_SEVERAL:  # others compute on the same processors
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ |= SHARED_PROCESSORS
else:
    os.environ |= KEPT_MEMORY | os.environ  # for the several that are started from here: they train networks as well


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file none of whose tests can be meant by `-m` isn't imported: imports take most of a short run."""
    asked = config.getoption("markexpr")
    if not asked or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    of_all = set(re.findall(r"mark\.(\w+)", "".join(re.findall(r"^pytestmark = .*", text, re.MULTILINE))))
    of_some = set(re.findall(r"mark\.(\w+)", text)) & set(re.findall(r"\w+", asked)) - of_all
    expression = Expression.compile(asked)
    possible = chain.from_iterable(combinations(of_some, count) for count in range(len(of_some) + 1))
    return None if any(expression.evaluate((of_all | {*marks}).__contains__) for marks in possible) else True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    return SharedSetUp(config, log) if config.getoption("dist") == "loadfile" else None


SHARES = 'scope="module"'  # in a file whose tests look at what is made once for them


class SharedSetUp(LoadFileScheduling):
    """Files go to the processes in turn. All that drives the browser is one file: it stands on one Darkroom. What only
    computes for long goes test by test, unless tests share what they look at.

    Tests with other processes wait for them a third of the time: while those last, one process takes none of them, so
    that there is always something to compute.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/browser/"):
            return "browser"
        file = str(super()._split_scope(nodeid))
        return nodeid if _marks_of(file) & {"heavy", "slow", SHARES} == {"heavy"} else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node is self.nodes[-1]:
            computing = (scope for scope in self.workqueue if not (scope == "browser" or "slow" in _marks_of(scope)))
            if (scope := next(computing, None)) is not None:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


@cache
def _marks_of(scope: str) -> frozenset[str]:
    text = (Path(__file__).parent.parent / scope.partition("::")[0]).read_text(encoding="utf-8")
    return frozenset({*re.findall(r"mark\.(\w+)", text), *re.findall(SHARES, text)})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fails soonest runs first. In parallel what takes longest, so that no process is left with it in the end."""
    if IS_ONE_OF_SEVERAL:
        items.sort(key=_rank_by_length)
    else:
        items.sort(key=lambda item: ("browser" in item.keywords, "slow" in item.keywords))


def pytest_collection() -> None:
    """Processes of a run of many tests need torch at some time; its compiler next to never."""
    if IS_ONE_OF_SEVERAL:
        import_torchvision()


def pytest_collection_finish() -> None:
    """What the imports made stays: to search it for garbage again and again is a tenth of the time of short tests."""
    gc.freeze()
    gc.enable()
    atexit.register(gc.unfreeze)  # what is left in the very end counts as leaked


def _rank_by_length(item: pytest.Item) -> int:
    first = ("browser" in item.keywords, "/e2e/" in item.nodeid, "slow" in item.keywords, "heavy" in item.keywords)
    return first.index(True) if any(first) else len(first)


@pytest.fixture
def storage(tmp_path, settings) -> Path:
    """A storage of this test's own; the folder it lies in."""
    folder = tmp_path / "storage"
    folder.mkdir()
    settings.STORAGE_URL = folder.as_uri()
    return folder


@pytest.fixture(scope="session")
def broker_server() -> Iterator[str]:
    """The address of a real broker: REDIS_URL where it is given, else the embedded Valkey."""
    from django.conf import settings

    from studio.valkey import start_valkey, wait_for_broker

    if os.environ.get("REDIS_URL"):
        yield os.environ["REDIS_URL"]
        return
    process = start_valkey(settings.STUDIO_HOME, settings.STUDIO_HOME / "logs" / "valkey.log")
    wait_for_broker(settings.REDIS_URL, process)
    yield settings.REDIS_URL
    process.stop()


@pytest.fixture
def broker(broker_server):
    """A connection to an empty broker."""
    from redis import Redis

    with Redis.from_url(broker_server) as connection:
        connection.flushdb()
        yield connection
        connection.flushdb()


@pytest.fixture
def run_queue(broker) -> Callable[..., None]:
    """`run_queue("default", ...)` works the queues off until they are empty, all of them if none is named.

    A real RQ worker, in this process: what is enqueued on commit needs `django_db(transaction=True)` or
    `django_capture_on_commit_callbacks(execute=True)`.
    """

    def run(*names: str) -> None:
        from tests.queues import drain

        drain(*names)

    return run


@pytest.fixture
def owner(db):
    from studio.accounts import get_owner

    return get_owner()


@pytest.fixture
def api(owner):
    """A test client that calls with the admin token."""
    from django.conf import settings
    from django.test import Client

    return Client(headers={"Authorization": f"Bearer {settings.STUDIO_ADMIN_TOKEN}"})


@pytest.fixture
def signed_in(owner):
    """A test client with the owner's session, CSRF checks on as in a browser."""
    from django.test import Client

    client = Client()
    client.force_login(owner)
    return client
