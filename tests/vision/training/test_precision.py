"""What is computed in 16 bits, by setting and machine."""

from __future__ import annotations

import pytest
import torch

from vision.spec.parameters import PARAMETERS
from vision.training import precision
from vision.training.precision import choose_precision

CPU = torch.device("cpu")


def test_it_is_chosen_by_the_machine_unless_told() -> None:
    assert PARAMETERS.get("mixed_precision").default == "auto"


@pytest.mark.parametrize(("has_hardware", "name"), [(True, "bfloat16"), (False, "float32")])
def test_a_processor_computes_so_where_its_hardware_does(
    has_hardware: bool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    capabilities = {"avx512_bf16": has_hardware, "amx_tile": False, "bf16": False}
    monkeypatch.setattr(precision.torch.cpu, "get_capabilities", lambda: capabilities)
    assert choose_precision("auto", CPU).name == name
    assert choose_precision("on", CPU).name == "bfloat16"
    assert choose_precision("off", CPU).name == "float32"


@pytest.mark.parametrize(("setting", "dtype"), [("on", torch.bfloat16), ("off", torch.float32)])
def test_a_forward_pass_computes_so(setting: str, dtype: torch.dtype) -> None:
    chosen = choose_precision(setting, CPU)
    with chosen.autocast():
        assert torch.nn.Linear(4, 2)(torch.rand(1, 4)).dtype == dtype
    assert chosen.scaler is None  # bfloat16 has the range of float32
