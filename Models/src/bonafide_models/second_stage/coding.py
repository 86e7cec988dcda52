"""How strongly speech is coded, told from the pooled states that heads take.

The mark is linear: log-odds that a clip came through a codec that makes some people sound synthetic, and not through
G.711, G.726 or none. Codecs that no clip of training came through have it too: G.729 more than GSM.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bonafide_models.experiment import RecipeError
from bonafide_models.second_stage.rows import States, files, is_learned_from
from bonafide_models.second_stage.rows import load as rows_of

CHANGING = {"gsm", "amr12", "amr5", "speex", "opus", "mp3", "g722"}
FULL = 10.0  # log-odds at which speech counts as coded altogether; SecondStage.swift has the same


def load(states: str | Path, names: Sequence[str], spectra: bool) -> tuple[States, list[bool]]:
    """States of folders that encoders.states made of a variant `codec8` or `codec16`, as `rows.load` has them, of the
    clips that are learned from, and whether each one's codec is of CHANGING. Raises `RecipeError` where the codecs of a
    file are not known."""
    parts, changed = [], []
    for name in names:
        x, rows = rows_of(states, name, spectra)
        codecs: list[str] = []
        for path in files(states, name, spectra):
            try:
                codecs += json.loads(path.with_suffix(".json").read_text())["codecs"]
            except (OSError, KeyError, TypeError):
                raise RecipeError(f"{path}: no codecs beside it; remove it and run encoders.states again") from None
        if len(codecs) != len(rows):
            raise RecipeError(
                f"{name}: {len(codecs)} codecs of {len(rows)} clips; remove it and run encoders.states again"
            )
        keep = [i for i, row in enumerate(rows) if is_learned_from(row)]
        parts.append(x[keep])
        changed += [codecs[i] in CHANGING for i in keep]
    return np.concatenate(parts), changed


def learn(
    x: Tensor, changed: Sequence[bool], steps: int = 1500, rate: float = 2e-3, shrunk: float = 3e-3
) -> tuple[Tensor, Tensor]:
    """Weights (inputs,) and bias (1,) of the mark, by logistic regression on scaled inputs (clips, inputs)."""
    rng, y = np.random.default_rng(0), torch.tensor(changed).float()
    weight, bias = torch.zeros(x.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], rate)
    for _ in range(steps):
        i = torch.from_numpy(rng.integers(len(x), size=512))
        loss = F.binary_cross_entropy_with_logits(x[i].float() @ weight + bias, y[i]) + shrunk * weight.square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return weight.detach(), bias.detach()


def coded(mark: Tensor) -> Tensor:
    """How strongly speech is coded, 0 to 1, from the mark."""
    return mark.clamp(0, FULL) / FULL
