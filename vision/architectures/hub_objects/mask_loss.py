"""Mask2Former's loss as transformers computes it, without its appetite for memory."""

from __future__ import annotations

from typing import Any

import scipy  # noqa: F401  the library cannot even build its loss without: so finished models ask for it
import torch
from torch import Tensor
from transformers.models.mask2former.modeling_mask2former import Mask2FormerLoss

_TOGETHER = 16  # objects whose masks are there in full size, as numbers, at once


class MaskLoss(Mask2FormerLoss):
    """The library's sum over all layers, in full precision; masks may be of any type of number.

    The library fills the masks of a batch up to those of its most crowded image, as float32 in the image's size, and
    copies them. Its sums are over objects, so here they are taken a few at a time. The points at which masks are
    compared come from torch's generator. Source: Cheng et al., CVPR 2022, `Improving training efficiency`.
    """

    def forward(
        self,
        masks_queries_logits: Tensor,
        class_queries_logits: Tensor,
        mask_labels: list[Tensor],
        class_labels: list[Tensor],
        auxiliary_predictions: Any = None,
    ) -> dict[str, Tensor]:
        """As the library's: answers [B, Q, h, w] and [B, Q, C + 1]; of each image masks [n, H, W] (0, 1) and labels
        [n]. It calls itself for every inner layer."""
        with torch.autocast(masks_queries_logits.device.type, enabled=False):
            losses: dict[str, Tensor] = super().forward(
                masks_queries_logits.float(),
                class_queries_logits.float(),
                mask_labels,
                class_labels,
                auxiliary_predictions,
            )
        return losses

    def loss_masks(
        self, masks_queries_logits: Tensor, mask_labels: list[Tensor], indices: Any, num_masks: Any
    ) -> dict[str, Tensor]:
        """The sums over all objects; `indices` are the queries and the objects matched in each image."""
        nothing = masks_queries_logits.sum() * 0.0
        losses = {"loss_mask": nothing, "loss_dice": nothing}
        for image, (queries, objects) in enumerate(indices):
            for some, theirs in zip(queries.split(_TOGETHER), objects.split(_TOGETHER), strict=True):
                masks = mask_labels[image][theirs.to(mask_labels[image].device)].float()
                matched: Any = [(some, torch.arange(len(some)))]
                part = super().loss_masks(masks_queries_logits[image : image + 1], [masks], matched, num_masks)
                losses = {name: loss + part[name] for name, loss in losses.items()}
        return losses
