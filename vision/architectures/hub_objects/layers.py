"""The inner layers of DETR's decoder and its like, each of which is trained to answer as the last one does.

transformers can add their losses itself (`auxiliary_loss`), but its DETR, Conditional DETR and Table Transformer then
hand every layer's output on normalised, which the published networks do not: their answers would change. So for these
the outputs are picked up on their way, and judged here. Source: Carion et al., ECCV 2020, `Auxiliary decoding losses`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

JUDGED_HERE = ("detr", "conditional_detr", "table-transformer")
"""The types whose library cannot."""


@contextmanager
def pick_up_outputs(network: Any) -> Iterator[list[Tensor]]:
    """What the layers of the decoder put out within, the last one's left out; none for other types of network."""
    outputs: list[Tensor] = []
    layers = list(network.model.decoder.layers)[:-1] if network.config.model_type in JUDGED_HERE else []

    def keep(layer: Any, inputs: Any, output: Any) -> None:
        outputs.append(output if isinstance(output, Tensor) else output[0])

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def judge_outputs(network: Any, outputs: list[Tensor], labels: list[dict[str, Tensor]]) -> Tensor | float:
    """The sum of the losses of what these outputs would have been told as."""
    if not outputs:
        return 0.0
    losses = []
    for output in outputs:
        hidden = network.model.decoder.layernorm(output)
        places = network.bbox_predictor(hidden)
        if network.config.model_type == "conditional_detr":  # told from where each query looks
            centres = network.model.decoder.ref_point_head(network.model.query_position_embeddings.weight)
            places = torch.cat([places[..., :2] + centres[..., :2], places[..., 2:]], dim=-1)
        logits = network.class_labels_classifier(hidden)
        losses.append(network.loss_function(logits, labels, logits.device, places.sigmoid(), network.config)[0])
    return torch.stack(losses).sum()
