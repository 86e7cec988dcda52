#!/usr/bin/env python3
"""Outputs of a shipped model on the samples, by PyTorch: golden_model.py (no arguments needed).

Writes Tests/BonafideTests/Golden/model.safetensors: for each channel of some of samples/, the frame outputs
(score, attention, speech), shape (U, 3), under the name FILE.CHANNEL. The Swift engine is held against them.
"""
import os
import safetensors.torch, soundfile, torch
from network import CRNN, LogMel

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FILES = ("genuine-en.ulaw.wav", "call-agent-caller.ulaw.wav")


@torch.no_grad()
def main():
    network, front = CRNN().eval(), LogMel()
    network.load_state_dict(safetensors.torch.load_file(os.path.join(ROOT, "Models", "narrowband.safetensors")), strict=False)
    out = {}
    for name in FILES:
        x, rate = soundfile.read(os.path.join(ROOT, "samples", name), dtype="float32", always_2d=True)
        assert rate == 8000, f"{name} is at {rate} Hz: the golden file takes samples at 8 kHz, so that no resampler is between"
        for c in range(x.shape[1]):
            y, _ = network(front(torch.from_numpy(x[None, :, c].copy())))
            out[f"{name}.{c + 1}"] = y[0].contiguous()
    safetensors.torch.save_file(out, os.path.join(ROOT, "Tests", "BonafideTests", "Golden", "model.safetensors"))


if __name__ == "__main__":
    main()
