"""What the second stage makes of a window of the samples, by PyTorch: python -m bonafide_models.golden.second

Writes Tests/BonafideTests/Golden/second.safetensors: features of every tenth frame, spectra of every fortieth, the
pooled states, the scores of both bands' heads and how strongly the window is coded, from the weights that are shipped.
The Swift engine is held against them. The window is at 8 kHz, taken as if it were at 16 kHz, so that no resampler is
between.
"""

import safetensors.torch
import soundfile
import torch
from torch import Tensor
from torch.nn import functional as F

from bonafide_models.encoders import spectra
from bonafide_models.encoders.spectra import compressed
from bonafide_models.encoders.speech import Block, LogMel
from bonafide_models.repository import ROOT
from bonafide_models.second_stage import coding, stored
from bonafide_models.second_stage.rows import OF_SPEECH
from bonafide_models.second_stage.stored import restored

WINDOW = 64000  # samples: four seconds
BLOCKS = 3


def moments(chosen: Tensor) -> list[Tensor]:
    return [chosen.mean(0), chosen.std(0, correction=0)]


def statistics(weights: dict[str, Tensor], features: Tensor, mask: Tensor) -> Tensor:
    """(80, frames) -> ((1 + blocks) * 2 * 512)"""

    def convolved(x: Tensor, name: str, step: int) -> Tensor:
        w = weights[name + ".weight"].unflatten(1, (3, -1)).permute(0, 2, 1)
        return F.gelu(F.conv1d(x, w, weights[name + ".bias"], step, 1))

    x = convolved(convolved(features[None], "conv_1", 1), "conv_2", 2).transpose(1, 2)
    x = x + weights["positions"][: x.shape[1]]
    out = moments(x[0][mask])
    for k in range(BLOCKS):
        block, prefix = Block(), f"blocks.{k}."
        block.load_state_dict({n.removeprefix(prefix): v for n, v in weights.items() if n.startswith(prefix)})
        x = block(x)
        out += moments(x[0][mask])
    return torch.cat(out)


def spectrum_statistics(weights: dict[str, Tensor], spectrum: Tensor, mask: Tensor) -> Tensor:
    """(2, 161, frames) -> (5120)"""
    x, last, states = spectrum[None], sum(name.endswith(".bias") for name in weights) - 1, []
    for k in range(last + 1):
        w = weights[f"layers.{k}.weight"].unflatten(1, (3, 3, -1)).permute(0, 3, 1, 2)
        step = (1 if k == 0 else 2, 2 if k == last else 1)
        x = F.leaky_relu(F.conv2d(x, w, weights[f"layers.{k}.bias"], step, (0, 1)), 0.1)
        states.append(x)
    return spectra.statistics(states[-spectra.TAKEN :], mask[None].float())[0]


@torch.no_grad()
def main() -> None:
    samples, _ = soundfile.read(ROOT / "samples/genuine-en.ulaw.wav", dtype="float32")
    window = torch.from_numpy(samples[None, :WINDOW].copy())
    features, spectrum = LogMel()(window)[0], compressed(window)[0]
    mask = torch.arange(200) % 7 != 0
    of_speech = statistics(restored(ROOT / "Models/encoder.safetensors"), features, mask)
    of_spectra = spectrum_statistics(restored(ROOT / "Models/spectra.safetensors"), spectrum, mask)
    pooled, heads = torch.cat([of_speech, of_spectra]), restored(ROOT / "Models/second.safetensors")
    inputs = {"narrowband": pooled[:OF_SPEECH], "wideband": pooled}
    tensors = {
        "features": features.T[::10].contiguous(),
        "spectrum": spectrum.permute(1, 2, 0)[:, ::40].contiguous(),
        "statistics": pooled,
        "scores": torch.cat([stored.score(heads, band, x) for band, x in inputs.items()]),
        "coded": torch.cat([coding.coded(stored.coding(heads, band, x)) for band, x in inputs.items()]),
    }
    safetensors.torch.save_file(tensors, ROOT / "Tests/BonafideTests/Golden/second.safetensors")


if __name__ == "__main__":
    main()
