"""What is made small in training."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class LabelLosses(NamedTuple):
    """What labels teach; scalars."""

    clip: Tensor
    order: Tensor
    """Of the clips of a pair."""
    frame: Tensor
    speech: Tensor


def of_labels(outputs: Tensor, scores: Tensor, batch: "TorchBatch", weight: Tensor) -> LabelLosses:
    """Losses by labels. outputs: (B, U, 3); scores and `weight` of each clip: (B,)"""
    whole = batch.label >= 0
    clips = F.binary_cross_entropy_with_logits(scores, batch.label.clamp_min(0), reduction="none")
    frames = F.binary_cross_entropy_with_logits(outputs[..., 0], batch.frame, reduction="none")
    return LabelLosses(
        clip=(clips * weight)[whole].mean(),
        order=F.softplus(scores[1::2] - scores[::2])[whole[::2] & whole[1::2]].mean(),
        frame=(frames * batch.speech * weight[:, None]).sum() / batch.speech.sum(),
        speech=F.binary_cross_entropy_with_logits(outputs[..., 2], batch.speech),
    )


def of_teachers(
    outputs: Tensor, scores: Tensor, taught: tuple[Tensor, Tensor], speech: Tensor, believed: Tensor
) -> Tensor:
    """Squared differences from the scores of teachers, of clips (B,) and of frames (B, U), by how far they are
    `believed`: (B,)"""
    of_clips, of_frames = taught
    clips = ((scores - of_clips).square() * believed).mean()
    frames = (outputs[..., 0] - of_frames).square() * speech * believed[:, None]
    return clips + 0.3 * frames.sum() / speech.sum()


class TorchBatch(NamedTuple):
    """`data.batches.Batch` as tensors."""

    features: Tensor
    narrow: Tensor
    label: Tensor
    frame: Tensor
    speech: Tensor
    classic: Tensor
    target: Tensor


def masked(features: Tensor) -> Tensor:
    """Half of the clips with up to eight neighbouring bands, half with up to a quarter of a second, at the clip's mean.
    (B, T, bands, inputs)"""
    count, frames, bands, _ = features.shape

    def span(length: int, widest: int) -> Tensor:
        wide, at = torch.randint(0, widest + 1, (count, 1)), torch.randint(0, length, (count, 1))
        place = torch.arange(length)
        return (place >= at) & (place < at + wide) & (torch.rand(count, 1) < 0.5)

    hidden = span(frames, 25)[:, :, None, None] | span(bands, 8)[:, None, :, None]
    return torch.where(hidden, features.mean((1, 2, 3), keepdim=True), features)
