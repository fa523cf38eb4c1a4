"""Mixed precision where the hardware gains by it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Precision:
    """What the forward pass computes in. `scaler` is there for float16 alone, whose gradients underflow."""

    device_type: str
    dtype: torch.dtype
    scaler: torch.amp.GradScaler | None = None

    @property
    def name(self) -> str:
        return str(self.dtype).removeprefix("torch.")

    def autocast(self) -> AbstractContextManager[None]:
        enabled = self.dtype is not torch.float32
        return torch.autocast(self.device_type, self.dtype if enabled else None, enabled=enabled)


def choose_precision(setting: str, device: torch.device) -> Precision:
    """The precision for `mixed_precision: auto | on | off` on this device.

    CUDA: bfloat16 where the GPU has it, else float16 with loss scaling. CPU: bfloat16, by `auto` only where the
    processor multiplies it in hardware: there a training step took 0.6 (mobilenetv2) and 0.5 (resnet18) of the
    float32 time on 2 cores; without, converting costs more than it gains.
    """
    if setting == "off" or (setting == "auto" and device.type == "cpu" and not _has_cpu_bfloat16()):
        return Precision(device.type, torch.float32)
    if device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False):
        return Precision(device.type, torch.bfloat16)
    return Precision("cuda", torch.float16, torch.amp.GradScaler("cuda"))


def _has_cpu_bfloat16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_tile") or capabilities.get("bf16"))
