"""Logistic regression on a few columns, cut into bins so that it need not be monotonic in any of them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bonafide_models.arrays import Doubles, Mask

# Numbers or words.
Column: TypeAlias = npt.NDArray[Any]
Table: TypeAlias = Mapping[str, Column]

BINS = 8
PENALTY = 1.0  # of squared weights, against columns that few rows have
STEPS = 30


class Columns:
    """Numbers become quantile bins, words become one column each; both as learnt from the rows given first.
    There is no constant: a row of unseen words has odds of nought, not those of the rows that happened to be seen."""

    def __init__(self, table: Table) -> None:
        self.edges: dict[str, Doubles] = {}
        self.words: dict[str, Column] = {}
        for name, values in table.items():
            if values.dtype.kind == "f":
                self.edges[name] = np.unique(
                    np.quantile(values[np.isfinite(values)], np.linspace(0, 1, BINS + 1)[1:-1])
                )
            else:
                self.words[name] = np.unique(values)

    def matrix(self, table: Table) -> Doubles:
        parts: list[Doubles] = []
        for name, edges in self.edges.items():
            parts.append(np.eye(len(edges) + 1)[np.searchsorted(edges, table[name], "right")])
        for name, words in self.words.items():
            parts.append((table[name][:, None] == words[None]).astype(float))
        return np.hstack(parts)


def fitted(x: Doubles, y: Mask) -> Doubles:
    """Weights by Newton's method; both classes count the same."""
    importance = np.where(y, 0.5 / max(y.mean(), 1e-9), 0.5 / max(1 - y.mean(), 1e-9))
    w = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (importance * (p - y)) + PENALTY * w
        step = np.linalg.solve((x * (importance * p * (1 - p))[:, None]).T @ x + PENALTY * np.eye(len(w)), gradient)
        w -= step
        if np.abs(step).max() < 1e-6:
            break
    return w


def held_out(table: Table, y: Mask, groups: Column, folds: int, rng: np.random.Generator) -> Doubles:
    """Log odds that y is true, of each row by a model that saw no row of its group."""
    names = np.unique(groups)
    fold_of = dict(zip(rng.permutation(names).tolist(), np.arange(len(names)) % folds))
    fold, odds = np.array([fold_of[g] for g in groups]), np.full(len(y), np.nan)
    for k in range(min(folds, len(names))):
        seen = {name: values[fold != k] for name, values in table.items()}
        columns = Columns(seen)
        if len(np.unique(y[fold != k])) == 2:
            odds[fold == k] = columns.matrix({n: v[fold == k] for n, v in table.items()}) @ fitted(
                columns.matrix(seen), y[fold != k]
            )
    return odds
