"""Heads of the second stage, on the pooled states of the pre-trained encoders.

python -m bonafide_models.second_stage.heads Models/experiments/second.toml [--states STATES] [--model Models/second]

Learns perceptrons on the states that encoders.states made: of the speech encoder for narrowband parties, of both
encoders for wideband ones, source-weighted and from pairs inside sources, and writes Models/second.safetensors; prints
EERs of folders that are not learned from. second_stage.fuse then fits how both stages' scores come together, and writes
Models/second.json.
"""

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bonafide_models import experiment, metrics
from bonafide_models.arrays import Doubles, Floats, Row
from bonafide_models.experiment import Heads, RecipeError
from bonafide_models.second_stage import coding
from bonafide_models.second_stage.rows import OF_SPEECH, Pairs, Shifts, States, chances, gather, load
from bonafide_models.second_stage.stored import eight_bits, restored


class Head(nn.Module):
    """A perceptron: (B, inputs) -> (B,)"""

    def __init__(
        self, inputs: int, units: int = 256, second: int = 64, drop: tuple[float, float, float] = (0.2, 0.5, 0.5)
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inputs, units), nn.Linear(units, second), nn.Linear(second, 1)])
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        for k, layer in enumerate(self.layers):
            x = layer(F.dropout(x if k == 0 else F.gelu(x), self.drop[k], self.training))
        return x[:, 0]


def learn(
    x: Tensor,
    rows: Sequence[Row],
    seed: int,
    epochs: int = 12,
    rate: float = 1e-3,
    decay: float = 0.1,
    batch: int = 320,
    pairs: int = 64,
    ranking: float = 0.3,
    shifts: Shifts | None = None,
) -> Head:
    """A head. Two fifths of a batch are pairs, of which the genuine clip is to score above the synthetic one: what
    tells sources apart is no help. Both clips of a pair are moved alike."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    cumulative, pairing = np.cumsum(chances(rows)), Pairs(rows)
    y = torch.tensor([row["label"] == "bonafide" for row in rows]).float() * 0.94 + 0.03
    head = Head(x.shape[1])
    optimiser = torch.optim.AdamW(head.parameters(), rate, weight_decay=decay)
    steps = epochs * len(rows) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        single = np.searchsorted(cumulative, rng.random(batch - 2 * pairs) * cumulative[-1]).clip(max=len(rows) - 1)
        i = torch.from_numpy(np.concatenate([*pairing.drawn(rng, pairs), single]))
        inputs = x[i].float()
        if shifts:
            moved = shifts.drawn(rng, batch - pairs)
            inputs += torch.cat([moved[:pairs], moved])
        z = head(inputs)
        order = F.softplus(z[pairs : 2 * pairs] - z[:pairs]).mean()
        loss = F.binary_cross_entropy_with_logits(z, y[i]) + ranking * order
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return head.eval()


def figures(rows: Sequence[Row], scores: Doubles) -> str:
    """EER, source-matched EER and misses at 1 % false alarms, in %."""
    genuine = np.array([row["label"] == "bonafide" for row in rows])
    b, s = scores[genuine], scores[~genuine]
    rates = metrics.eer(b, s), metrics.matched_eer(rows, scores), metrics.miss_at(b, s, 0.01)
    return "{:.1f} / {:.1f} / {:.0f}".format(*(100 * rate for rate in rates))


def scaled(x: States, mean: Floats, deviation: Floats) -> Tensor:
    """Rows to mean 0 and variance 1, in bfloat16."""
    out = torch.empty(x.shape, dtype=torch.bfloat16)
    for a in range(0, len(x), 4096):
        out[a : a + 4096] = torch.from_numpy((x[a : a + 4096].astype(np.float32) - mean) / deviation).bfloat16()
    return out


def shipped(tensors: dict[str, Tensor], band: str) -> list[Head]:
    """The heads of a band of a file of weights."""
    heads: list[Head] = []
    while f"{band}.heads.{len(heads)}.0.weight" in tensors:
        prefix = f"{band}.heads.{len(heads)}."
        (units, inputs), second = tensors[prefix + "0.weight"].shape, len(tensors[prefix + "1.weight"])
        head = Head(inputs, units, second)
        parts = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        head.load_state_dict({"layers." + name: value for name, value in parts.items()})
        heads.append(head.eval())
    return heads


class Band:
    """Heads of a band: those that are kept, unless they are replaced, and `seeds` on each of its sets of rows. Inputs
    are scaled as for those that are kept, or by the first set."""

    def __init__(self, name: str, kept: dict[str, Tensor], replaced: bool = False) -> None:
        self.name = name
        self.moments: tuple[Floats, Floats] | None = None
        self.heads = [] if replaced else shipped(kept, name)
        if f"{name}.inputs.mean" in kept:
            self.moments = kept[f"{name}.inputs.mean"].numpy(), 1 / kept[f"{name}.inputs.scale"].numpy()
        self.rows: dict[tuple[str, str], Row] = {}
        prefix = f"{name}.coding."
        self.coding = {part.removeprefix(prefix): value for part, value in kept.items() if part.startswith(prefix)}

    @property
    def spectra(self) -> bool:
        return self.name == "wideband"

    def inputs(self, x: States) -> Tensor:
        if self.moments is None:
            sample = x[::7].astype(np.float32)
            least = np.float32(1e-5 if self.spectra else 1e-3)  # states of spectra are small
            self.moments = sample.mean(0), np.asarray(sample.std(0) + least)
        return scaled(x, *self.moments)

    def learn(self, recipe: Heads, names: Sequence[str], seeds: int) -> None:
        raw, rows = gather(recipe.states, names, self.spectra)
        x = self.inputs(raw)
        print(self.name, len(rows), "rows,", len({row["source"] for row in rows}), "sources", flush=True)
        self.rows |= {(row["file"], row["states"]): row for row in rows}
        shifts = Shifts(x, rows, recipe.page, recipe.speaker) if recipe.page or recipe.speaker else None
        self.heads += [learn(x, rows, seed, recipe.epochs, shifts=shifts) for seed in range(seeds)]

    def mark(self, states: str, names: Sequence[str]) -> None:
        """Learns how strongly speech is coded, after a set of rows or with heads that are kept."""
        if self.moments is None:
            raise RecipeError(f"{self.name}: coding is marked on the inputs of heads, of which there are none")
        raw, changed = coding.load(states, names, self.spectra)
        x = scaled(raw, *self.moments)
        if self.spectra:
            x[:, :OF_SPEECH] = 0  # the other encoder's tell codecs by themselves, and noise from codecs better
        weight, bias = coding.learn(x, changed)
        self.coding = {"weight": weight, "bias": bias}
        right = ((x.float() @ weight + bias > 0) == torch.tensor(changed)).float().mean()
        print(self.name, len(changed), f"clips for the mark of coding, {100 * right:.1f} % told right", flush=True)

    @torch.no_grad()
    def look(self, name: str, states: States, rows: Sequence[Row]) -> None:
        """Prints the figures of rows that are not learned from."""
        if self.moments is None:
            return
        x = self.inputs(states[:, : len(self.moments[0])]).float()
        scores = np.sum([head(x).numpy() for head in self.heads], axis=0)
        print(self.name, name, figures(rows, scores), flush=True)

    def tensors(self) -> dict[str, Tensor]:
        out: dict[str, Tensor] = {}
        for k, head in enumerate(self.heads):
            for layer, linear in enumerate(head.layers):
                for part in ("weight", "bias"):
                    out[f"{self.name}.heads.{k}.{layer}.{part}"] = linear.get_parameter(part)
        if self.moments:
            mean, deviation = self.moments
            out[f"{self.name}.inputs.mean"] = torch.from_numpy(mean)
            out[f"{self.name}.inputs.scale"] = torch.from_numpy(1 / deviation)
        return out | {f"{self.name}.coding.{part}": value for part, value in self.coding.items()}


def counts(rows: Sequence[Row]) -> dict[str, Any]:
    """What the card says of the training."""
    return {
        "clips": len(rows),
        "sources": len({row["source"] for row in rows}),
        "bonafide": sum(row["label"] == "bonafide" for row in rows),
        "generators": len({row["system"] for row in rows if row["label"] == "spoof"}),
        "date": datetime.date.today().isoformat(),
    }


def train(recipe: Heads) -> None:
    """Heads of both bands, to MODEL.safetensors, and counts for the card to MODEL.training.json."""
    looks = {name: load(recipe.states, name) for name in recipe.look}
    kept = restored(recipe.keep) if recipe.keep else {}
    bands = [
        (recipe.narrowband, recipe.narrowband_seeds, recipe.narrowband_coding),
        (recipe.wideband, recipe.wideband_seeds, recipe.wideband_coding),
    ]
    tensors: dict[str, Tensor] = {}
    rows: dict[tuple[str, str], Row] = {}
    for name, (sets, seeds, marked) in zip(("narrowband", "wideband"), bands):
        band = Band(name, kept, name in recipe.replaced)
        for names in sets:
            band.learn(recipe, names.split(","), seeds)
        if marked:
            band.mark(recipe.states, marked)
        for looked, (x, looked_rows) in looks.items():
            band.look(looked, x, looked_rows)
        tensors |= band.tensors()
        rows |= band.rows
    safetensors.torch.save_file(eight_bits(tensors), recipe.model + ".safetensors")
    Path(recipe.model + ".training.json").write_text(json.dumps(counts(list(rows.values()))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--states")
    parser.add_argument("--model")
    parser.add_argument("--epochs", type=int)
    options = vars(parser.parse_args())
    torch.set_num_threads(1)
    try:
        train(experiment.read(options.pop("recipe"), Heads, **options))
    except RecipeError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
