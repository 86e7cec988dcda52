"""The network of Bonafide, in PyTorch: what `Sources/BonafideNetwork` computes.

Shapes: B clips, T feature frames (10 ms), U = ceil(T / 4) score frames (40 ms).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Feature frames a score frame.
STRIDE = 4


class Sizes(TypedDict):
    """What a card says of the architecture."""

    channels: list[int]
    dense: int
    hidden: int
    bands: int
    inputs: int


class CRNN(nn.Module):
    """Log-mel (B, T, 64, R) -> per score frame: score, attention and speech logits, shape (B, U, 3), and the GRU's last
    state.

    Four 3x3 convolutions with batch-norm and ReLU, strides (time, frequency) (2, 2) (2, 2) (1, 2) (1, 2); a dense layer
    over channels x 4 bands; a GRU; one linear layer for the three outputs. Higher score = more likely bona fide."""

    def __init__(
        self,
        channels: Sequence[int] = (16, 40, 96, 160),
        dense: int = 160,
        hidden: int = 128,
        bands: int = 64,
        inputs: int = 4,
    ) -> None:
        super().__init__()
        self.config: Sizes = {
            "channels": list(channels),
            "dense": dense,
            "hidden": hidden,
            "bands": bands,
            "inputs": inputs,
        }
        sizes = [inputs, *channels]
        strides = [(2, 2), (2, 2), (1, 2), (1, 2)]
        self.conv = nn.ModuleList(nn.Conv2d(i, o, 3, s, 1, bias=False) for i, o, s in zip(sizes, sizes[1:], strides))
        self.norm = nn.ModuleList(nn.BatchNorm2d(count) for count in channels)
        self.dense = nn.Linear(channels[-1] * bands // 16, dense)
        self.gru = nn.GRU(dense, hidden, batch_first=True)
        self.heads = nn.Linear(hidden, 3)
        self.dropout = nn.Dropout(0.2)
        self.in_bfloat16 = False  # convolutions of a network that learns or teaches

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        y = x.permute(0, 3, 1, 2)  # channels last in memory
        with torch.autocast("cpu", torch.bfloat16, enabled=self.in_bfloat16):
            for conv, norm in zip(self.conv, self.norm):
                y = F.relu(norm(conv(y)))
        y = y.float().permute(0, 2, 3, 1).flatten(2)  # (B, U, 4 bands x channels), channel fastest
        y = self.dropout(F.relu(self.dense(y)))
        y, last = self.gru(y, state)
        return self.heads(self.dropout(y)), last


def loaded(path: str | Path) -> CRNN:
    """The network of a safetensors file, its sizes read from the tensors' shapes, in evaluation mode."""
    tensors = safetensors.torch.load_file(path)
    network = CRNN(
        channels=[len(tensors[f"conv.{k}.weight"]) for k in range(4)],
        dense=len(tensors["dense.bias"]),
        hidden=len(tensors["gru.bias_hh_l0"]) // 3,
        inputs=tensors["conv.0.weight"].shape[1],
    )
    network.load_state_dict(tensors, strict=False)
    return network.eval()


def widened(tensors: dict[str, Tensor], network: CRNN, seed: int = 0) -> dict[str, Tensor]:
    """Weights of a smaller CRNN for a larger one with the same outputs (Net2Net, Chen et al. 2016, arXiv 1511.05641):
    new units are copies of drawn old ones, whose outgoing weights they share in random parts; further inputs weigh
    nothing."""
    rng, new = torch.Generator().manual_seed(seed), network.state_dict()

    def units(old: int, wide: int) -> tuple[Tensor, Tensor]:
        """Which old unit each new one is a copy of, and its part of the outgoing weights."""
        place = torch.cat([torch.arange(old), torch.randint(0, old, (wide - old,), generator=rng)])
        part = 0.5 + torch.rand(wide, generator=rng)
        return place, part / torch.zeros(old).index_add_(0, place, part)[place]

    inputs = network.config["inputs"]
    first = tensors["conv.0.weight"]
    tensors = tensors | {"conv.0.weight": F.pad(first, (0, 0, 0, 0, 0, inputs - first.shape[1]))}
    before, share, channels = torch.arange(inputs), torch.ones(inputs), inputs
    out = {}
    for k in range(len(network.conv)):
        weight = tensors[f"conv.{k}.weight"]
        place, part = units(len(weight), len(new[f"conv.{k}.weight"]))
        out[f"conv.{k}.weight"] = weight[place][:, before] * share[:, None, None]
        for name in ("weight", "bias", "running_mean", "running_var"):
            out[f"norm.{k}.{name}"] = tensors[f"norm.{k}.{name}"][place]
        channels, before, share = len(weight), place, part
    place, part = units(len(tensors["dense.bias"]), len(new["dense.bias"]))
    dense = tensors["dense.weight"].unflatten(1, (-1, channels))[:, :, before] * share
    out |= {"dense.weight": dense.flatten(1)[place], "dense.bias": tensors["dense.bias"][place]}
    hidden, parts = units(len(tensors["gru.bias_hh_l0"]) // 3, network.config["hidden"])

    def gates(name: str) -> Tensor:
        return tensors[f"gru.{name}_l0"].unflatten(0, (3, -1))[:, hidden]

    return out | {
        "gru.weight_ih_l0": (gates("weight_ih")[:, :, place] * part).flatten(0, 1),
        "gru.weight_hh_l0": (gates("weight_hh")[:, :, hidden] * parts).flatten(0, 1),
        "gru.bias_ih_l0": gates("bias_ih").flatten(),
        "gru.bias_hh_l0": gates("bias_hh").flatten(),
        "heads.weight": tensors["heads.weight"][:, hidden] * parts,
        "heads.bias": tensors["heads.bias"],
    }


def pooled(out: Tensor, weight: Tensor | None = None) -> Tensor:
    """Score of a span: the mean of its frame scores weighted by exp(attention) x speech probability, over the frames
    that are more likely speech than not. In training `weight` stands for the speech. (B, U, 3) -> (B,)"""
    score, attention, speech = out.unbind(-1)
    spoken = speech.sigmoid() * (speech > 0) if weight is None else weight
    w = attention.clamp(-8, 8).exp() * spoken
    return (score * w).sum(-1) / w.sum(-1).clamp_min(1e-6)
