"""Networks whose scores a network learns beside the labels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from bonafide_models.losses import TorchBatch
from bonafide_models.networks import loaded, pooled


class Teachers:
    """Mean scores of several networks, each scaled to the spread that the first has: pooled (B,) and per frame (B, U).
    Where a mean is on the wrong side of its label, or closer to it than `MARGIN`, `MARGIN` on the right side is
    taught."""

    MARGIN = 1.0

    def __init__(self, paths: Sequence[str], narrowband: Sequence[str] = (), bfloat16: bool = False) -> None:
        self.networks = [loaded(path) for path in [*paths, *narrowband]]
        for network in self.networks:
            network.in_bfloat16 = bfloat16
            network.conv.to(memory_format=torch.channels_last)
        self.narrowband = [False] * len(paths) + [True] * len(narrowband)
        self.spread: list[float | None] = [None] * len(self.networks)

    @torch.no_grad()
    def __call__(self, batch: TorchBatch) -> tuple[Tensor, Tensor]:
        clips, frames = [], []
        for k, network in enumerate(self.networks):
            features = batch.narrow if self.narrowband[k] else batch.features
            out, _ = network(features[..., : network.config["inputs"]])
            out = out[:, : batch.speech.shape[1]]
            clips.append(pooled(out, batch.speech[:, : out.shape[1]] + 1e-3))
            frames.append(out[..., 0])
            spread, before = clips[k].std().item(), self.spread[k]
            self.spread[k] = spread if before is None else before + 0.02 * (spread - before)
        units = frames[0].shape[1]
        return self.corrected(self.mean(clips), batch.label), self.corrected(self.mean(frames), batch.frame[:, :units])

    def mean(self, values: Sequence[Tensor]) -> Tensor:
        spreads = [spread or 1.0 for spread in self.spread]
        scaled = [value * (spreads[0] / spread) for value, spread in zip(values, spreads)]
        return torch.stack(scaled).sum(0) / len(values)

    def corrected(self, scores: Tensor, label: Tensor) -> Tensor:
        """Scores that have a label (0 or 1, not -1), on its side."""
        side = 2 * label - 1
        return torch.where(label >= 0, side * (side * scores).clamp_min(self.MARGIN), scores)
