"""What every check of a GPU stands on."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def gpu() -> torch.device:
    """The first GPU of this machine."""
    assert torch.cuda.is_available(), "There is no GPU that PyTorch can use."
    return torch.device("cuda", 0)
