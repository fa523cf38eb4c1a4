"""XRAI of one image: ours against the saliency package's, on the same network, image, baselines and steps.

The two take turns in one process; the picture must be the same too: the share of the top 30 % of pixels they agree on.

    python -m benchmarks.xrai [--steps 50] [--rounds 3] [--architecture mobilenetv2]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy as np
import torch
from saliency.core import XRAI, XRAIParameters
from saliency.core.base import INPUT_OUTPUT_GRADIENTS

from tests.vision.inference.models import make_image
from vision.architectures import build_architecture
from vision.explain import explain
from vision.inference.preprocessing import preprocess

TARGET = 1.0
LEAST_AGREEMENT = 0.99
TOP = 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--architecture", default="mobilenetv2")
    parser.add_argument("--batch-size", type=int, default=8, help="of the saliency package's calls")
    options = parser.parse_args()
    torch.manual_seed(0)
    built = build_architecture(options.architecture, 5)
    network = built.module.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    image = preprocess(make_image(2, (400, 300)), 256, 224, built.mean, built.std, built.interpolation)
    is_ok = [compare(network, image, is_fast, options) for is_fast in (True, False)]
    if not all(is_ok):
        raise SystemExit(1)


def compare(network: torch.nn.Module, image: torch.Tensor, is_fast: bool, options: argparse.Namespace) -> bool:
    seconds: dict[str, list[float]] = {"saliency": [], "ours": []}
    for _ in range(options.rounds):
        begun = time.perf_counter()
        theirs = ask_saliency(network, image, is_fast, options)
        between = time.perf_counter()
        values = explain(network, image, 0, "xrai", n_steps=options.steps, xrai_fast=is_fast).values
        seconds["saliency"].append(between - begun)
        seconds["ours"].append(time.perf_counter() - between)
    ours = values[0].numpy()
    ratio = statistics.median(mine / their for mine, their in zip(seconds["ours"], seconds["saliency"], strict=True))
    agreement = share_top(theirs, ours)
    is_ok = ratio <= TARGET and agreement >= LEAST_AGREEMENT
    name = "fast" if is_fast else "full"
    print(
        f"xrai {name}: saliency {statistics.median(seconds['saliency']):.2f} s, ours "
        f"{statistics.median(seconds['ours']):.2f} s, ratio {ratio:.2f} (at most {TARGET:g}), "
        f"top regions agree {agreement:.1%}: {'ok' if is_ok else 'NOT MET'}"
    )
    print(json.dumps({"benchmark": f"xrai_{name}", "ratio": round(ratio, 3), "agreement": round(agreement, 4)}))
    return is_ok


def ask_saliency(
    network: torch.nn.Module, image: torch.Tensor, is_fast: bool, options: argparse.Namespace
) -> np.ndarray:
    def call(points, call_model_args=None, expected_keys=None):
        batch = torch.from_numpy(np.asarray(points, dtype=np.float32)).permute(0, 3, 1, 2).requires_grad_()
        gradients = torch.autograd.grad(network(batch)[:, 0].sum(), batch)[0]
        return {INPUT_OUTPUT_GRADIENTS: gradients.permute(0, 2, 3, 1).numpy()}

    parameters = XRAIParameters(steps=options.steps, algorithm="fast" if is_fast else "full")
    pixels = image.permute(1, 2, 0).numpy()
    return XRAI().GetMask(pixels, call, batch_size=options.batch_size, extra_parameters=parameters)


def share_top(one: np.ndarray, other: np.ndarray) -> float:
    """How much of the highest pixels of one map are among those of the other."""
    tops = [values >= np.quantile(values, 1 - TOP) for values in (one, other)]
    return float((tops[0] & tops[1]).sum() / (tops[0] | tops[1]).sum())


if __name__ == "__main__":
    main()
