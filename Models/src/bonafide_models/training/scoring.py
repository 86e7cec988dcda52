"""Scores of whole clips."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from bonafide_models.arrays import Doubles, Floats, Pcm, Row
from bonafide_models.features import LogMel
from bonafide_models.networks import CRNN, STRIDE, pooled


@torch.no_grad()
def score(network: CRNN, front: LogMel, rows: Sequence[Row], audio: Callable[[Row], Floats], size: int = 64) -> Doubles:
    """Pooled raw scores of whole clips; audio(row) gives samples at the front end's rate. Clips of like length share a
    batch of `size`."""
    network.eval()
    order, scores = sorted(range(len(rows)), key=lambda k: int(rows[k]["count"])), np.zeros(len(rows))
    for k in range(0, len(order), size):
        part = order[k : k + size]
        clips = [audio(rows[j]) for j in part]
        longest = max(map(len, clips))
        samples = torch.from_numpy(np.stack([np.pad(clip, (0, longest - len(clip))) for clip in clips]))
        outputs, _ = network(front(samples))
        for j, output, clip in zip(part, outputs, clips):
            frames = max(0, 1 + (len(clip) - front.o.window) // front.o.hop)
            scores[j] = pooled(output[None, : max(1, -(-frames // STRIDE))]).item()
    return scores


def cut(clips: Pcm, row: Row) -> Floats:
    """The samples of a row of a cache, full scale ±1."""
    samples: Pcm = clips[row["start"] : row["start"] + row["count"]]
    return samples.astype(np.float32) / np.float32(32768)


def write_scores(network: CRNN, front: LogMel, rows: Sequence[Row], clips: Pcm, path: Path) -> None:
    """A line `FILE SCORE` for each row."""
    scores = score(network, front, rows, lambda row: cut(clips, row))
    with open(path, "w") as file:
        file.writelines(f"{row['file']} {value:.5f}\n" for row, value in zip(rows, scores))
