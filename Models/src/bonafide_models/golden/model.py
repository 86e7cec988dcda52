"""Outputs of the shipped models on the samples, by PyTorch: python -m bonafide_models.golden.model

Writes Tests/BonafideTests/Golden/{narrowband,wideband}.safetensors: for each channel of some of samples/, the frame
outputs (score, attention, speech), shape (U, 3), under the name FILE.CHANNEL. The Swift engine is held against them.
The wideband model gets the same samples, as if they were at its rate: what counts is that both engines do the same with
them.
"""

import json

import safetensors.torch
import soundfile
import torch

from bonafide_models.features import LogMel, Settings
from bonafide_models.networks import loaded
from bonafide_models.repository import ROOT

MODELS = ("narrowband", "wideband")
# At 8 kHz, so that no resampler is between.
FILES = ("genuine-en.ulaw.wav", "call-agent-caller.ulaw.wav")


@torch.no_grad()
def main() -> None:
    for model in MODELS:
        path, out = ROOT / "Models" / f"{model}.safetensors", {}
        card = json.loads(path.with_suffix(".json").read_text())
        network, front = loaded(path), LogMel(Settings.of(card["features"]))
        for name in FILES:
            x, rate = soundfile.read(ROOT / "samples" / name, dtype="float32", always_2d=True)
            if rate != 8000:
                raise SystemExit(f"{name} is at {rate} Hz; 8000 are wanted")
            for channel in range(x.shape[1]):
                y, _ = network(front(torch.from_numpy(x[None, :, channel].copy())))
                out[f"{name}.{channel + 1}"] = y[0].contiguous()
        safetensors.torch.save_file(out, ROOT / "Tests/BonafideTests/Golden" / path.name)


if __name__ == "__main__":
    main()
