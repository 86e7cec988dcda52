"""Outputs of the shipped models on the samples, by PyTorch: golden_model.py (no arguments needed).

Writes Tests/BonafideTests/Golden/{narrowband,wideband}.safetensors: for each channel of some of samples/, the frame
outputs (score, attention, speech), shape (U, 3), under the name FILE.CHANNEL. The Swift engine is held against them.
The wideband model gets the same samples, as if they were at its rate: what counts is that both engines do the same with
them.
"""

import json
import os

import safetensors.torch
import soundfile
import torch

from bonafide_models.features import LogMel
from bonafide_models.networks import loaded
from bonafide_models.repository import ROOT

FILES = ("genuine-en.ulaw.wav", "call-agent-caller.ulaw.wav")


@torch.no_grad()
def main():
    for model in ("narrowband", "wideband"):
        path, out = os.path.join(ROOT, "Models", model), {}
        with open(path + ".json") as card:
            network, front = loaded(path + ".safetensors"), LogMel(json.load(card)["features"])
        for name in FILES:
            x, rate = soundfile.read(os.path.join(ROOT, "samples", name), dtype="float32", always_2d=True)
            assert rate == 8000, (
                f"{name} is at {rate} Hz: the golden file takes samples at 8 kHz, so that no resampler is between"
            )
            for c in range(x.shape[1]):
                y, _ = network(front(torch.from_numpy(x[None, :, c].copy())))
                out[f"{name}.{c + 1}"] = y[0].contiguous()
        safetensors.torch.save_file(out, os.path.join(ROOT, "Tests", "BonafideTests", "Golden", model + ".safetensors"))


if __name__ == "__main__":
    main()
