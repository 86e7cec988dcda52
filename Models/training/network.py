"""Features and network of Bonafide, in PyTorch: what `Sources/Bonafide/Features` and `Sources/BonafideNetwork` compute.

Shapes: B clips, N samples at 8 kHz, T feature frames (10 ms), U = ceil(T / 4) score frames (40 ms).
"""
import librosa, numpy as np, torch
from torch import nn
from torch.nn import functional as F

FEATURES = dict(sample_rate_hz=8000, window=256, hop=80, fft=256, bands=64, low_hz=60.0, high_hz=3900.0,
                floor=1e-10, level_decay=0.01, level_minimum=-14.0, range_low=-12.0, shift=6.0, scale=3.0)
STRIDE = 4


class LogMel(nn.Module):
    """Samples in [-1, 1], shape (B, N) -> level-normalised log-mel, shape (B, T, 64), T = 1 + (N - 256) // 80.

    Periodic Hann window, power spectrum, Slaney mel bands without area normalisation (librosa, norm=None), ln.
    Level: a decaying peak of the frames' mean band energy is subtracted, so that a gain changes nothing."""

    def __init__(self, o=FEATURES):
        super().__init__()
        self.o = o
        bank = librosa.filters.mel(sr=o["sample_rate_hz"], n_fft=o["fft"], n_mels=o["bands"], fmin=o["low_hz"], fmax=o["high_hz"], norm=None)
        self.register_buffer("bank", torch.tensor(bank.T), persistent=False)
        self.register_buffer("window", torch.hann_window(o["window"], periodic=True), persistent=False)

    def mel(self, x):
        """(B, N) -> band energies, (B, T, bands)."""
        frames = x.unfold(-1, self.o["window"], self.o["hop"]) * self.window
        return torch.fft.rfft(frames, self.o["fft"]).abs().square() @ self.bank

    def forward(self, x):
        o, energy = self.o, self.mel(x)
        level = energy.mean(-1).clamp_min(o["floor"]).log().clamp_min(o["level_minimum"])
        ramp = o["level_decay"] * torch.arange(level.shape[-1], device=x.device)
        level = (torch.cummax(level + ramp, -1).values - ramp).clamp_min(o["level_minimum"])
        y = energy.clamp_min(o["floor"]).log() - level.unsqueeze(-1)
        return (y.clamp_min(o["range_low"]) + o["shift"]) / o["scale"]


class CRNN(nn.Module):
    """Log-mel (B, T, 64) -> per score frame: score, attention and speech logits, shape (B, U, 3), and the GRU's last state.

    Four 3x3 convolutions with batch-norm and ReLU, strides (time, frequency) (2, 2) (2, 2) (1, 2) (1, 2); a dense layer
    over channels x 4 bands; a GRU; one linear layer for the three outputs. Higher score = more likely bona fide."""

    def __init__(self, channels=(16, 32, 64, 96), dense=128, hidden=128, bands=64):
        super().__init__()
        self.config = dict(channels=list(channels), dense=dense, hidden=hidden, bands=bands)
        sizes = [1, *channels]
        strides = [(2, 2), (2, 2), (1, 2), (1, 2)]
        self.conv = nn.ModuleList(nn.Conv2d(i, o, 3, s, 1, bias=False) for i, o, s in zip(sizes, sizes[1:], strides))
        self.norm = nn.ModuleList(nn.BatchNorm2d(c) for c in channels)
        self.dense = nn.Linear(channels[-1] * bands // 16, dense)
        self.gru = nn.GRU(dense, hidden, batch_first=True)
        self.heads = nn.Linear(hidden, 3)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x, state=None):
        y = x.unsqueeze(1).to(memory_format=torch.channels_last)
        for conv, norm in zip(self.conv, self.norm):
            y = F.relu(norm(conv(y)))
        y = y.permute(0, 2, 3, 1).flatten(2)            # (B, U, 4 bands x channels), channel fastest
        y = self.dropout(F.relu(self.dense(y)))
        y, state = self.gru(y, state)
        return self.heads(self.dropout(y)), state


def pooled(out, weight=None):
    """Score of a span: the mean of its frame scores weighted by exp(attention) x speech probability, over the frames that
    are more likely speech than not. In training `weight` stands for the speech. (B, U, 3) -> (B,)"""
    score, attention, speech = out.unbind(-1)
    w = attention.clamp(-8, 8).exp() * (speech.sigmoid() * (speech > 0) if weight is None else weight)
    return (score * w).sum(-1) / w.sum(-1).clamp_min(1e-6)
