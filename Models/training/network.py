"""Features and network of Bonafide, in PyTorch: what `Sources/Bonafide/Features` and `Sources/BonafideNetwork` compute.

Shapes: B clips, N samples at 8 kHz (narrowband) or 16 kHz (wideband), T feature frames (10 ms), U = ceil(T / 4) score frames (40 ms).
"""
import librosa, safetensors.torch, torch
from torch import nn
from torch.nn import functional as F

NARROWBAND = dict(sample_rate_hz=8000, window=256, hop=80, fft=256, bands=64, low_hz=60.0, high_hz=3900.0, further_windows=[128, 512],
                  floor=1e-10, level_decay=0.01, level_minimum=-14.0, range_low=-12.0, shift=6.0, scale=3.0,
                  envelope=dict(window=48, hop=10, fft=64, span=32, floor=2e-5, most=2.6, shift=-0.6, scale=0.4))
WIDEBAND = NARROWBAND | dict(sample_rate_hz=16000, window=512, hop=160, fft=512, high_hz=7800.0, further_windows=[256, 1024],
                             envelope=NARROWBAND["envelope"] | dict(window=96, hop=20))
FEATURES = {o["sample_rate_hz"]: o for o in (NARROWBAND, WIDEBAND)}
STRIDE = 4


class LogMel(nn.Module):
    """Samples in [-1, 1], shape (B, N) -> features, shape (B, T, 64, R), T = 1 + (N - window) // hop: level-normalised log-mel at
    several resolutions, then the contrast of the envelope.

    Periodic Hann windows with one centre, FFT of the window's size but at least `fft`, power spectrum, Slaney mel bands
    without area normalisation (librosa, norm=None), divided by what noise would gain over the first window, ln.
    Level: a decaying peak of the frames' mean band energy in the first window is subtracted, so that a gain changes nothing.

    Contrast: ln of the mean less the mean ln of 32 energies under windows of 6 ms, 1.25 ms apart, around a frame's centre, in
    bands of 125 Hz (wideband: 250 Hz), read at the centres of the mel bands. 0 for a steady tone, 0.58 for noise, more for pulses: it falls where
    a vocoder loses the phases that make a pitch period's pulse, which a spectrogram of longer windows does not show."""

    def __init__(self, o=NARROWBAND):
        super().__init__()
        self.o, e = o, o["envelope"]
        rate, bands, low, high = o["sample_rate_hz"], o["bands"], o["low_hz"], o["high_hz"]
        self.windows = [o["window"], *o["further_windows"]]
        for window in self.windows:
            size = max(window, o["fft"])
            bank = librosa.filters.mel(sr=rate, n_fft=size, n_mels=bands, fmin=low, fmax=high, norm=None)
            gain = (window / o["window"]) * (size / o["fft"])
            self.register_buffer(f"bank{window}", torch.tensor(bank.T / gain), persistent=False)
            self.register_buffer(f"window{window}", torch.hann_window(window, periodic=True), persistent=False)
        bins = e["fft"] // 2 - 1                       # without 0 Hz and half the sample rate
        angle = 2 * torch.pi / e["fft"] * torch.arange(e["window"], dtype=torch.double)[:, None] * torch.arange(1, bins + 1)
        fourier = torch.cat([angle.cos(), angle.sin()], 1) * torch.hann_window(e["window"], periodic=True, dtype=torch.double)[:, None]
        self.register_buffer("fourier", fourier.float(), persistent=False)
        place = librosa.mel_frequencies(bands + 2, fmin=low, fmax=high)[1:-1] * e["fft"] / rate - 1
        place = torch.tensor(place).clamp(0, bins - 1).float()
        self.register_buffer("at_bands", (1 - (torch.arange(bins)[:, None] - place).abs()).clamp_min(0), persistent=False)

    def mel(self, x, window):
        """(B, N) -> band energies, (B, T, bands); what a window reaches beyond the ends is silence."""
        beyond = (window - self.o["window"]) // 2
        frames = F.pad(x, (beyond, beyond)).unfold(-1, window, self.o["hop"]) * self.get_buffer(f"window{window}")
        return torch.fft.rfft(frames, max(window, self.o["fft"])).abs().square() @ self.get_buffer(f"bank{window}")

    def contrast(self, x, level):
        """(B, N) and the level of the frames (B, T) -> (B, T, bands)."""
        e, count = self.o["envelope"], level.shape[1]
        group = self.o["hop"] // e["hop"]              # short windows from one frame to the next
        groups = e["span"] // group
        beyond = ((e["span"] - 1) * e["hop"] + e["window"] - self.o["window"]) // 2
        frames = F.pad(x, (beyond, beyond)).unfold(-1, e["window"], e["hop"])[:, :group * (count + groups - 1)]
        energy = (frames @ self.fourier).square().unflatten(2, (2, -1)).sum(2).unflatten(1, (-1, group))
        # A window that several frames share has the floor of the first of them.
        floor = e["floor"] * F.pad(level.exp()[:, None], (groups - 1, 0), mode="replicate")[:, 0]
        energy = energy + floor[:, :, None, None]
        mean, log = energy.mean(2), energy.log().mean(2)
        over = lambda v: sum(v[:, k:k + count] for k in range(groups)) / groups
        return ((over(mean).log() - over(log)).clamp_max(e["most"]) @ self.at_bands + e["shift"]) / e["scale"]

    def forward(self, x):
        o, energies = self.o, [self.mel(x, w) for w in self.windows]
        level = energies[0].mean(-1).clamp_min(o["floor"]).log().clamp_min(o["level_minimum"])
        ramp = o["level_decay"] * torch.arange(level.shape[-1], device=x.device)
        level = (torch.cummax(level + ramp, -1).values - ramp).clamp_min(o["level_minimum"])
        y = torch.stack(energies, -1).clamp_min(o["floor"]).log() - level[:, :, None, None]
        y = (y.clamp_min(o["range_low"]) + o["shift"]) / o["scale"]
        return torch.cat([y, self.contrast(x, level)[..., None]], -1)


class CRNN(nn.Module):
    """Log-mel (B, T, 64, R) -> per score frame: score, attention and speech logits, shape (B, U, 3), and the GRU's last state.

    Four 3x3 convolutions with batch-norm and ReLU, strides (time, frequency) (2, 2) (2, 2) (1, 2) (1, 2); a dense layer
    over channels x 4 bands; a GRU; one linear layer for the three outputs. Higher score = more likely bona fide."""

    def __init__(self, channels=(16, 40, 96, 160), dense=160, hidden=128, bands=64, inputs=4):
        super().__init__()
        self.config = dict(channels=list(channels), dense=dense, hidden=hidden, bands=bands, inputs=inputs)
        sizes = [inputs, *channels]
        strides = [(2, 2), (2, 2), (1, 2), (1, 2)]
        self.conv = nn.ModuleList(nn.Conv2d(i, o, 3, s, 1, bias=False) for i, o, s in zip(sizes, sizes[1:], strides))
        self.norm = nn.ModuleList(nn.BatchNorm2d(c) for c in channels)
        self.dense = nn.Linear(channels[-1] * bands // 16, dense)
        self.gru = nn.GRU(dense, hidden, batch_first=True)
        self.heads = nn.Linear(hidden, 3)
        self.dropout = nn.Dropout(0.2)
        self.bfloat16 = False                           # convolutions of a network that learns or teaches

    def forward(self, x, state=None):
        y = x.permute(0, 3, 1, 2)                           # channels last in memory
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            for conv, norm in zip(self.conv, self.norm):
                y = F.relu(norm(conv(y)))
        y = y.float().permute(0, 2, 3, 1).flatten(2)    # (B, U, 4 bands x channels), channel fastest
        y = self.dropout(F.relu(self.dense(y)))
        y, state = self.gru(y, state)
        return self.heads(self.dropout(y)), state


def loaded(path):
    """The network of a safetensors file, its sizes read from the tensors' shapes, in evaluation mode."""
    tensors = safetensors.torch.load_file(path)
    size = lambda name: len(tensors[name])
    network = CRNN(channels=[size(f"conv.{k}.weight") for k in range(4)], dense=size("dense.bias"),
                   hidden=size("gru.bias_hh_l0") // 3, inputs=tensors["conv.0.weight"].shape[1])
    network.load_state_dict(tensors, strict=False)
    return network.eval()


def widened(tensors, network, seed=0):
    """Weights of a smaller CRNN for a larger one with the same outputs (Net2Net, Chen et al. 2016, arXiv 1511.05641): new
    units are copies of drawn old ones, whose outgoing weights they share in random parts; further inputs weigh nothing."""
    rng, new = torch.Generator().manual_seed(seed), network.state_dict()

    def units(old, wide):
        place = torch.cat([torch.arange(old), torch.randint(0, old, (wide - old,), generator=rng)])
        part = 0.5 + torch.rand(wide, generator=rng)
        return place, part / torch.zeros(old).index_add_(0, place, part)[place]
    first = tensors["conv.0.weight"]
    tensors = tensors | {"conv.0.weight": F.pad(first, (0, 0, 0, 0, 0, network.config["inputs"] - first.shape[1]))}
    before, share = torch.arange(network.config["inputs"]), torch.ones(network.config["inputs"])
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
    gates = lambda name: tensors[f"gru.{name}_l0"].unflatten(0, (3, -1))[:, hidden]
    out |= {"gru.weight_ih_l0": (gates("weight_ih")[:, :, place] * part).flatten(0, 1),
            "gru.weight_hh_l0": (gates("weight_hh")[:, :, hidden] * parts).flatten(0, 1),
            "gru.bias_ih_l0": gates("bias_ih").flatten(), "gru.bias_hh_l0": gates("bias_hh").flatten(),
            "heads.weight": tensors["heads.weight"][:, hidden] * parts, "heads.bias": tensors["heads.bias"]}
    return out


def pooled(out, weight=None):
    """Score of a span: the mean of its frame scores weighted by exp(attention) x speech probability, over the frames that
    are more likely speech than not. In training `weight` stands for the speech. (B, U, 3) -> (B,)"""
    score, attention, speech = out.unbind(-1)
    w = attention.clamp(-8, 8).exp() * (speech.sigmoid() * (speech > 0) if weight is None else weight)
    return (score * w).sum(-1) / w.sum(-1).clamp_min(1e-6)
