"""The process that draws previews, as the web process sees it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vision.preview.requests import make_request
from tests.vision.training.runs import make_run
from vision.errors import UserError
from vision.preview.client import PreviewClient

pytestmark = pytest.mark.slow


@pytest.fixture
def client() -> Iterator[PreviewClient]:
    client = PreviewClient()
    yield client
    client.close()


def test_one_process_draws_them_all_and_is_replaced_when_it_dies(client: PreviewClient, tmp_path: Path) -> None:
    run = make_run(tmp_path, images=3)
    request = make_request(run, tmp_path / "first")
    assert len(client.draw(request).images) == 3
    first = client._process
    gone = request.rows[0].model_copy(update={"sha256": "0" * 64})
    with pytest.raises(UserError, match="is not in") as raised:
        client.draw(request.model_copy(update={"rows": [gone], "out": tmp_path / "gone"}))
    assert raised.value.hint
    assert client.draw(make_request(run, tmp_path / "second", seed=1)).images[0].views
    assert client._process is first
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert client.draw(make_request(run, tmp_path / "third", seed=2)).images
    assert client.draw(request).images  # what is drawn already takes no process
