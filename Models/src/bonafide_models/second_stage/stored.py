"""Weights of the second stage as they are shipped: matrices in 8 bits with a scale a row, the rest in float."""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional as F

LAYERS = 3  # of a head


def eight_bits(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices as int8 with a scale a row, the rest as it is."""
    out = {}
    for name, value in tensors.items():
        t = value.detach().float().contiguous()
        if t.ndim == 2 and t.shape[0] > 1 and name.endswith("weight"):
            scale = t.abs().amax(1).clamp_min(1e-12) / 127
            out[name], out[name + ".scale"] = torch.round(t / scale[:, None]).to(torch.int8), scale
        else:
            out[name] = t
    return out


def restored(path: str | Path) -> dict[str, Tensor]:
    """Tensors of a shipped file, those of 8 bits times their rows' scales."""
    stored: dict[str, Tensor] = safetensors.torch.load_file(path)
    return {
        name: t.float() * stored[name + ".scale"][:, None] if t.dtype == torch.int8 else t
        for name, t in stored.items()
        if not name.endswith(".scale") or name.endswith("inputs.scale")
    }


def score(heads: dict[str, Tensor], band: str, x: Tensor) -> Tensor:
    """Mean score of the heads of a band: (…, inputs) -> (…, 1)"""
    x = (x - heads[f"{band}.inputs.mean"]) * heads[f"{band}.inputs.scale"]
    scores: list[Tensor] = []
    while f"{band}.heads.{len(scores)}.0.weight" in heads:
        y = x
        for layer in range(LAYERS):
            name = f"{band}.heads.{len(scores)}.{layer}"
            y = F.linear(y if layer == 0 else F.gelu(y), heads[name + ".weight"], heads[name + ".bias"])
        scores.append(y)
    total = scores[0]
    for y in scores[1:]:
        total = total + y
    return total / len(scores)


def coding(heads: dict[str, Tensor], band: str, x: Tensor) -> Tensor:
    """The mark of how strongly speech is coded: (…, inputs) -> (…, 1)"""
    weight = heads[f"{band}.coding.weight"]
    mean, scale = (heads[f"{band}.inputs.{part}"] for part in ("mean", "scale"))
    return (x - mean) * scale @ weight[:, None] + heads[f"{band}.coding.bias"]
