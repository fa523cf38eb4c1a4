"""Whole pickled networks: their tensors are taken, nothing they name is run."""

from __future__ import annotations

import datetime
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from vision.architectures.pickled import load_inert
from vision.architectures.weights import read_tensors
from vision.errors import WeightsUnavailableError

RUN: list[str] = []


class Network(nn.Module):
    """Of a class of its own, as published networks are."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.SiLU())
        self.scale = nn.Parameter(torch.rand(4))
        self.register_buffer("grid", torch.rand(2, 2))
        self.register_buffer("passing", torch.rand(2), persistent=False)
        self.note = {"date": datetime.date(2024, 1, 1), "path": Path("/tmp")}

    def __setstate__(self, state: Any) -> None:
        RUN.append("state")
        super().__setstate__(state)


class Surprise:
    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.arguments


@pytest.mark.parametrize("wrapping", ["alone", "model", "ema"])
def test_a_whole_network_gives_its_state_and_runs_nothing(tmp_path: Path, wrapping: str) -> None:
    network = Network()
    content = {
        "alone": network,
        "model": {"model": network, "ema": None, "epoch": -1, "date": datetime.datetime(2024, 1, 1)},
        "ema": {"model": nn.Linear(1, 1), "ema": network},
    }[wrapping]
    torch.save(content, tmp_path / "network.pt")
    RUN.clear()
    tensors = read_tensors(tmp_path / "network.pt")
    expected = network.state_dict()
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    assert RUN == []


def test_plain_tensors_are_read_as_before(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(2)}}, tmp_path / "plain.pt")
    assert torch.equal(read_tensors(tmp_path / "plain.pt")["a"], torch.ones(2))
    torch.save({"a": torch.ones(2)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert torch.equal(read_tensors(tmp_path / "old.pt")["a"], torch.ones(2))


@pytest.mark.parametrize("call", [os.mkdir, exec, open], ids=["os", "exec", "open"])
def test_a_file_that_would_run_code_runs_none(tmp_path: Path, call: Any) -> None:
    mark = tmp_path / "mark"
    arguments = {os.mkdir: (str(mark),), exec: (f"open({str(mark)!r}, 'w')",), open: (str(mark), "w")}[call]
    torch.save({"model": Surprise(call, *arguments)}, tmp_path / "network.pt")
    try:
        content = load_inert(tmp_path / "network.pt")
    except pickle.UnpicklingError:
        content = {}
    assert not mark.exists()
    assert content == {}


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "network.pt").write_bytes(b"not a network")
    with pytest.raises(WeightsUnavailableError, match="cannot be read"):
        read_tensors(tmp_path / "network.pt")


def test_what_was_allowed_for_one_file_is_not_for_the_next(tmp_path: Path) -> None:
    torch.save(Network(), tmp_path / "network.pt")
    before = set(torch.serialization.get_safe_globals())
    read_tensors(tmp_path / "network.pt")
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "network.pt", weights_only=True)
