"""The second stage: weights of the pre-trained encoders, and heads on their states.

second_stage.py encoder MODEL.bin ../encoder.safetensors [--blocks 3]
second_stage.py spectra distill_mos_v7.pt ../spectra.safetensors
second_stage.py heads STATES ../second --narrowband NAME[,NAME …] --wideband NAME[,NAME …] --look NAME[,NAME …] [--seeds
3] [--epochs 12]

`encoder` writes the convolutions, positions and lower blocks, matrices in 8 bits with a scale a row; `spectra` the
convolutions of the other encoder, too. `heads` learns perceptrons on the pooled states that states.py made (NAME is a
folder of STATES): of the speech encoder for narrowband parties, of both encoders for wideband ones, source-weighted and
from pairs inside sources, and writes ../second.safetensors; --look prints EERs of folders that are not learned from.
fuse.py then fits how both stages' scores come together, and writes ../second.json.
"""

import argparse
import datetime
import glob
import json
import os
import re

import numpy as np
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F

from bonafide_models import metrics
from bonafide_models.encoders.spectra import SpectrumEncoder
from bonafide_models.encoders.speech import Encoder

POSITIONS = 200  # of a window of four seconds
# Speakers of samples/ (Debian's Asterisk prompts), left out by speaker and by note.
SAMPLE_SPEAKERS = "allison|wallack|june"


def eight_bits(tensors):
    """Matrices as int8 with a scale a row, the rest as it is."""
    out = {}
    for name, t in tensors.items():
        t = t.detach().float().contiguous()
        if t.ndim == 2 and t.shape[0] > 1 and name.endswith("weight"):
            scale = t.abs().amax(1).clamp_min(1e-12) / 127
            out[name], out[name + ".scale"] = torch.round(t / scale[:, None]).to(torch.int8), scale
        else:
            out[name] = t
    return out


def export_encoder(o):
    e = Encoder(o.model, o.blocks)
    tensors = {"positions": e.positions[:POSITIONS]}
    for name, conv in (("conv_1", e.conv_1), ("conv_2", e.conv_2)):
        tensors[name + ".weight"] = conv.weight.permute(0, 2, 1).flatten(1)  # a window's frames one after the other
        tensors[name + ".bias"] = conv.bias
    for name, value in e.blocks.state_dict().items():
        tensors["blocks." + name] = value
    safetensors.torch.save_file(
        eight_bits(tensors),
        o.out,
        {"source": "encoder of Whisper base (OpenAI, MIT licence), lower blocks; see Models/encoder.LICENSE"},
    )
    print(o.out, os.path.getsize(o.out), "bytes")


def export_spectra(o):
    tensors = {}
    for k, layer in enumerate(SpectrumEncoder(o.model).layers):
        # Of a window its frequencies one after the other, in each the frames, in each the channels.
        tensors[f"layers.{k}.weight"], tensors[f"layers.{k}.bias"] = (
            layer.weight.permute(0, 2, 3, 1).flatten(1),
            layer.bias,
        )
    safetensors.torch.save_file(
        eight_bits(tensors),
        o.out,
        {"source": "convolutions of Distill-MOS (Microsoft, MIT licence); see Models/spectra.LICENSE"},
    )
    print(o.out, os.path.getsize(o.out), "bytes")


def load(states, name, spectra=True, blocks=3):
    """States of both encoders (clips, 2 * (1 + blocks) * 512 + 2 * 1024) float16, of the clips that have both, or of
    the speech encoder alone; and rows."""
    rows, x, kept = json.load(open(os.path.join(states, name, "rows.json"))), [], []
    for path in sorted(glob.glob(os.path.join(states, name, "[0-9]*.npy"))):
        beside = os.path.join(states, "spectra", name, os.path.basename(path))
        if ".part" in path or (spectra and not os.path.exists(beside)):
            continue
        part = np.load(path)
        first = int(os.path.basename(path)[:4]) * 768
        part = part[:, : 1 + blocks].reshape(len(part), -1)
        x.append(np.concatenate([part, np.load(beside).reshape(len(part), -1)], 1) if spectra else part)
        kept += rows[first : first + len(part)]
    return np.concatenate(x), kept


def weights(rows):
    """Chances of being drawn: classes alike, sources by the root of their size, inside a source generators evenly."""
    cells, w = {}, np.zeros(len(rows))
    for i, r in enumerate(rows):
        cells.setdefault((r["label"], r["source"]), {}).setdefault(
            r["system"] if r["label"] == "spoof" else "-", []
        ).append(i)
    for c in cells.values():
        n = sum(map(len, c.values()))
        for members in c.values():
            w[members] = n**0.5 / len(c) / len(members)
    genuine = np.array([r["label"] == "bonafide" for r in rows])
    w[genuine] /= w[genuine].sum()
    w[~genuine] /= w[~genuine].sum()
    return w / 2


class Pairs:
    """A genuine and a synthetic clip of one source, of the sources that have both: microphone, codec and texts are
    alike."""

    def __init__(self, rows):
        sources = {}
        for i, r in enumerate(rows):
            sources.setdefault(r["source"], ([], []))[r["label"] == "spoof"].append(i)
        self.sources = [(np.array(b), np.array(s)) for b, s in sources.values() if b and s]
        w = np.array([min(len(b), len(s)) ** 0.5 for b, s in self.sources])
        self.cumulative = np.cumsum(w) / w.sum()

    def drawn(self, rng, count):
        """Indices (count,) of genuine clips and of synthetic ones."""
        picked = [
            self.sources[k] for k in np.searchsorted(self.cumulative, rng.random(count)).clip(max=len(self.sources) - 1)
        ]
        return tuple(np.array([p[k][rng.integers(len(p[k]))] for p in picked]) for k in (0, 1))


class Head(nn.Module):
    def __init__(self, inputs, units=256, second=64, drop=(0.2, 0.5, 0.5)):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inputs, units), nn.Linear(units, second), nn.Linear(second, 1)])
        self.drop = drop

    def forward(self, x):
        for k, layer in enumerate(self.layers):
            x = layer(F.dropout(x if k == 0 else F.gelu(x), self.drop[k], self.training))
        return x[:, 0]


def learn(
    x,
    rows,
    seed,
    epochs=12,
    rate=1e-3,
    decay=0.1,
    batch=320,
    units=256,
    second=64,
    drop=(0.2, 0.5, 0.5),
    pairs=64,
    ranking=0.3,
):
    """A head. Two fifths of a batch are pairs, of which the genuine clip is to score above the synthetic one: what
    tells sources apart is no help."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    cumulative, pairing = np.cumsum(weights(rows)), Pairs(rows)
    y = torch.tensor([r["label"] == "bonafide" for r in rows]).float() * 0.94 + 0.03
    net = Head(x.shape[1], units, second, drop)
    optimiser = torch.optim.AdamW(net.parameters(), rate, weight_decay=decay)
    steps = epochs * len(rows) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        single = np.searchsorted(cumulative, rng.random(batch - 2 * pairs) * cumulative[-1]).clip(max=len(rows) - 1)
        i = torch.from_numpy(np.concatenate([*pairing.drawn(rng, pairs), single]))
        z = net(x[i].float())
        loss = (
            F.binary_cross_entropy_with_logits(z, y[i]) + ranking * F.softplus(z[pairs : 2 * pairs] - z[:pairs]).mean()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net.eval()


def figures(rows, s):
    genuine = np.array([r["label"] == "bonafide" for r in rows])
    b, f = s[genuine], s[~genuine]
    rates = 100 * metrics.eer(b, f), 100 * metrics.matched_eer(rows, s), 100 * metrics.miss_at(b, f, 0.01)
    return "{:.1f} / {:.1f} / {:.0f}".format(*rates)


def gather(o, names, spectra):
    """All rows of the folders: of a source that a table of the recipe has, those alone."""
    parts = {n: load(o.states, n, spectra) for n in names}
    longer = {r["source"] for n, (_, rows) in parts.items() if n.startswith("recipe") for r in rows}
    x, rows = [], []
    for n, (part, part_rows) in parts.items():
        keep = [
            i
            for i, r in enumerate(part_rows)
            if r["split"] == "train"
            and not re.search(SAMPLE_SPEAKERS, r.get("speaker", "") + " " + r.get("note", ""), re.I)
            and (n.startswith("recipe") or r["source"] not in longer)
        ]
        x.append(part[keep])
        rows += [{**part_rows[i], "states": n} for i in keep]
    return np.concatenate(x), rows


def scaled(x, mean, deviation):
    """Rows to mean 0 and variance 1, in bfloat16."""
    out = torch.empty(x.shape, dtype=torch.bfloat16)
    for a in range(0, len(x), 4096):
        out[a : a + 4096] = torch.from_numpy((x[a : a + 4096].astype(np.float32) - mean) / deviation).bfloat16()
    return out


def learned(o, band, looks, tensors):
    """Heads of a band, into `tensors`: `o.seeds` on each of its sets of rows. Inputs are scaled by the first set.
    Returns the rows of all sets, each once."""
    moments, scores, trained, heads = None, {}, {}, 0
    for names in getattr(o, band):
        x, rows = gather(o, names.split(","), band == "wideband")
        if moments is None:
            sample = x[::7].astype(np.float32)
            moments = (
                sample.mean(0),
                sample.std(0) + (1e-5 if band == "wideband" else 1e-3),
            )  # states of spectra are small
        x = scaled(x, *moments)
        print(band, len(rows), "rows,", len({r["source"] for r in rows}), "sources", flush=True)
        trained.update({(r["file"], r["states"]): r for r in rows})
        for seed in range(o.seeds):
            net = learn(x, rows, seed, o.epochs)
            with torch.no_grad():
                for n, (part, _) in looks.items():
                    scores[n] = scores.get(n, 0) + net(scaled(part[:, : x.shape[1]], *moments).float()).numpy()
            for layer, linear in enumerate(net.layers):
                tensors[f"{band}.heads.{heads}.{layer}.weight"], tensors[f"{band}.heads.{heads}.{layer}.bias"] = (
                    linear.weight,
                    linear.bias,
                )
            heads += 1
    for n in looks:
        print(band, n, figures(looks[n][1], scores[n]), flush=True)
    tensors[f"{band}.inputs.mean"], tensors[f"{band}.inputs.scale"] = (
        torch.from_numpy(moments[0]),
        torch.from_numpy(1 / moments[1]),
    )
    return list(trained.values())


def train_heads(o):
    looks = {n: load(o.states, n) for n in o.look.split(",") if n}
    tensors = {}
    rows = [r for band in ("narrowband", "wideband") for r in learned(o, band, looks, tensors)]
    rows = list({(r["file"], r["states"]): r for r in rows}.values())
    safetensors.torch.save_file(eight_bits(tensors), o.out + ".safetensors")
    json.dump(
        {
            "clips": len(rows),
            "sources": len({r["source"] for r in rows}),
            "bonafide": sum(r["label"] == "bonafide" for r in rows),
            "generators": len({r["system"] for r in rows if r["label"] == "spoof"}),
            "date": datetime.date.today().isoformat(),
        },
        open(o.out + ".training.json", "w"),
    )


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = a.add_subparsers(dest="command", required=True)
    c = commands.add_parser("encoder")
    c.add_argument("model")
    c.add_argument("out")
    c.add_argument("--blocks", type=int, default=3)
    c = commands.add_parser("spectra")
    c.add_argument("model")
    c.add_argument("out")
    c = commands.add_parser("heads")
    c.add_argument("states")
    c.add_argument("out")
    for band in ("narrowband", "wideband"):
        c.add_argument(
            "--" + band,
            action="append",
            required=True,
            help="rows of as many heads as there are seeds; may be given again",
        )
    c.add_argument("--look", default="")
    c.add_argument("--seeds", type=int, default=3)
    c.add_argument("--epochs", type=int, default=12)
    o = a.parse_args()
    torch.set_num_threads(1)
    {"encoder": export_encoder, "spectra": export_spectra, "heads": train_heads}[o.command](o)


if __name__ == "__main__":
    main()
