"""What the second stage makes of a window of the samples, by PyTorch: golden_second.py (no arguments needed).

Writes Tests/BonafideTests/Golden/second.safetensors: features of every tenth frame, spectra of every fortieth, the
pooled states, and the scores of both bands' heads, from the weights that are shipped. The Swift engine is held against
them. The window is at 8 kHz, taken as if it were at 16 kHz, so that no resampler is between.
"""

import os

import safetensors.torch
import soundfile
import torch
from torch.nn import functional as F

from bonafide_models.encoders.spectra import compressed
from bonafide_models.encoders.speech import Block, LogMel
from bonafide_models.repository import ROOT


def restored(name):
    """Tensors of a shipped file, those of 8 bits times their rows' scales."""
    t = safetensors.torch.load_file(os.path.join(ROOT, "Models", name))
    return {
        k: v.float() * t[k + ".scale"][:, None] if v.dtype == torch.int8 else v
        for k, v in t.items()
        if not k.endswith(".scale") or k.endswith("inputs.scale")
    }


def statistics(weights, features, mask):
    """(80, frames) -> ((1 + blocks) * 2 * 512)"""

    def convolved(x, name, step):
        w = weights[name + ".weight"].unflatten(1, (3, -1)).permute(0, 2, 1)
        return F.gelu(F.conv1d(x, w, weights[name + ".bias"], step, 1))

    x = convolved(convolved(features[None], "conv_1", 1), "conv_2", 2).transpose(1, 2)
    x = x + weights["positions"][: x.shape[1]]
    out = []
    for k in range(4):
        if k:
            block = Block()
            block.load_state_dict(
                {n.removeprefix(f"blocks.{k - 1}."): v for n, v in weights.items() if n.startswith(f"blocks.{k - 1}.")}
            )
            x = block(x)
        chosen = x[0][mask]
        out += [chosen.mean(0), chosen.std(0, correction=0)]
    return torch.cat(out)


def spectrum_statistics(weights, spectrum, mask):
    """(2, 161, frames) -> (2 * 1024)"""
    x, last = spectrum[None], sum(n.endswith(".bias") for n in weights) - 1
    for k in range(last + 1):
        w = weights[f"layers.{k}.weight"].unflatten(1, (3, 3, -1)).permute(0, 3, 1, 2)
        x = F.leaky_relu(
            F.conv2d(x, w, weights[f"layers.{k}.bias"], (1 if k == 0 else 2, 2 if k == last else 1), (0, 1)), 0.1
        )
    chosen = x.flatten(1, 2)[0].T[mask]
    return torch.cat([chosen.mean(0), chosen.std(0, correction=0)])


def score(heads, band, x):
    """(…, inputs) -> (…, 1)"""
    x, total, k = (x - heads[f"{band}.inputs.mean"]) * heads[f"{band}.inputs.scale"], 0, 0
    while f"{band}.heads.{k}.0.weight" in heads:
        y = x
        for layer in range(3):
            y = F.linear(
                y if layer == 0 else F.gelu(y),
                heads[f"{band}.heads.{k}.{layer}.weight"],
                heads[f"{band}.heads.{k}.{layer}.bias"],
            )
        total, k = total + y, k + 1
    return total / k


@torch.no_grad()
def main():
    samples, _ = soundfile.read(os.path.join(ROOT, "samples", "genuine-en.ulaw.wav"), dtype="float32")
    features = LogMel()(torch.from_numpy(samples[None, :64000].copy()))[0]
    mask = torch.arange(200) % 7 != 0
    spectrum = compressed(torch.from_numpy(samples[None, :64000].copy()))[0]
    pooled = torch.cat(
        [
            statistics(restored("encoder.safetensors"), features, mask),
            spectrum_statistics(restored("spectra.safetensors"), spectrum, mask),
        ]
    )
    heads = restored("second.safetensors")
    safetensors.torch.save_file(
        {
            "features": features.T[::10].contiguous(),
            "spectrum": spectrum.permute(1, 2, 0)[:, ::40].contiguous(),
            "statistics": pooled,
            "scores": torch.cat([score(heads, "narrowband", pooled[:4096]), score(heads, "wideband", pooled)]),
        },
        os.path.join(ROOT, "Tests", "BonafideTests", "Golden", "second.safetensors"),
    )


if __name__ == "__main__":
    main()
