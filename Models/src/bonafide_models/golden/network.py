"""Golden data of the network tests: python -m bonafide_models.golden.network [FOLDER]

Writes layers.safetensors and crnn.safetensors to Tests/BonafideNetworkTests/Golden (or FOLDER): layers and a small CRNN
of `networks.py` with random weights and batch-norm statistics, random inputs, and PyTorch's outputs for them. Seeded.
"""

import os
import sys
from collections.abc import Mapping
from typing import TypeVar

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bonafide_models.networks import CRNN
from bonafide_models.repository import ROOT

# name: input and output channels, strides in time and frequency, frames, bands
CONVOLUTIONS = {
    "direct": (1, 16, 2, 2, 13, 64),
    "direct_plain": (1, 8, 1, 1, 5, 7),
    "single": (1, 5, 2, 2, 9, 16),
    "both": (16, 32, 2, 2, 20, 32),
    "frequency": (6, 12, 1, 2, 11, 8),
    "wide": (32, 64, 1, 2, 9, 16),
    "plain": (3, 7, 1, 1, 6, 5),
    "row": (4, 8, 2, 2, 1, 16),
    "few": (3, 16, 2, 2, 13, 64),
    "panels": (40, 96, 1, 2, 37, 16),
    "four": (48, 40, 1, 2, 8, 8),
}
# time frames of the CRNN's runs
LENGTHS = (1, 2, 3, 4, 5, 8, 11, 12, 13, 24, 25, 100, 333, 701)


Module = TypeVar("Module", bound=nn.Module)


def randomise(module: Module) -> Module:
    """Random weights, and batch-norm statistics away from 0 and 1."""
    for p in module.parameters():
        scale = 1 / max(1, p[0].numel()) ** 0.5 if p.dim() > 1 else 0.3
        p.data = torch.randn(p.shape) * scale
    for m in module.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.weight.data = 0.5 + torch.rand(m.weight.shape)
            m.get_buffer("running_mean").data = torch.randn(m.num_features) * 0.3
            m.get_buffer("running_var").data = 0.3 + torch.rand(m.num_features)
    return module.eval()


GATES = {
    "even": (12, 16, 1),
    "odd": (5, 13, 1),
    "saturated": (8, 24, 12),  # inputs that drive the gates to their ends
    "wide": (12, 32, 1),
}


@torch.no_grad()
def layers() -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}

    def add(kind: str, name: str, values: Mapping[str, Tensor | None]) -> None:
        tensors.update({f"{kind}.{name}.{key}": value for key, value in values.items() if value is not None})

    for name, (i, o, t, f, frames, bands) in CONVOLUTIONS.items():
        conv, norm = randomise(nn.Conv2d(i, o, 3, (t, f), 1, bias=False)), randomise(nn.BatchNorm2d(o))
        x = torch.randn(1, i, frames, bands)
        y = F.relu(norm(conv(x)))
        values = {
            "weight": conv.weight,
            "scale": norm.weight,
            "shift": norm.bias,
            "mean": norm.running_mean,
            "variance": norm.running_var,
            "stride": torch.tensor([t, f]),
            "input": x[0].permute(1, 2, 0),
            "output": y[0].permute(1, 2, 0),
        }
        add("convolution", name, values)
    for name, (i, o) in {"even": (24, 16), "odd": (7, 3)}.items():
        dense, x = randomise(nn.Linear(i, o)), torch.randn(9, i)
        y = dense(x)
        values = {"weight": dense.weight, "bias": dense.bias, "input": x, "output": y, "rectified": F.relu(y)}
        add("dense", name, values)
    for name, (i, h, gain) in GATES.items():
        gru, x = randomise(nn.GRU(i, h, batch_first=True)), gain * torch.randn(1, 60, i)
        add("gru", name, gru.state_dict())
        add("gru", name, {"input": x[0], "output": gru(x)[0][0]})
    return tensors


@torch.no_grad()
def crnn() -> dict[str, Tensor]:
    network = randomise(CRNN(channels=(8, 12, 16, 24), dense=40, hidden=24, inputs=3))
    tensors = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    x = torch.randn(max(LENGTHS), 64, network.config["inputs"])
    tensors["golden.input"] = x
    return tensors | {f"golden.output.{n}": network(x[None, :n])[0][0] for n in LENGTHS}


def main() -> None:
    folder = sys.argv[1] if len(sys.argv) > 1 else ROOT / "Tests/BonafideNetworkTests/Golden"
    torch.manual_seed(1)
    for name, tensors in {"layers": layers(), "crnn": crnn()}.items():
        tensors = {k: v.detach().float().contiguous() for k, v in tensors.items()}
        safetensors.torch.save_file(
            tensors,
            os.path.join(folder, name + ".safetensors"),
            metadata={"made_by": "bonafide_models.golden.network"},
        )


if __name__ == "__main__":
    main()
