"""States of the pre-trained encoders for the clips of protocol tables, as they are and through random lines.

python -m bonafide_models.encoders.states MODEL.bin OUT PROTOCOL [PROTOCOL …] [--variant VARIANT]
                                          [--split train] [--seed 0] [--blocks 4]

For each PROTOCOL writes OUT/TABLE.VARIANT.SEED/NNNN.npy, float16 (clips, blocks + 1, 2, 512): mean and standard
deviation over the frames of speech of the states after the convolutions and after each block; NNNN.json, seconds of
each clip and of its speech; and rows.json, the rows in that order. Where MODEL is distill_mos_v7.pt, (clips, 5120)
into OUT/spectra, of the same sound: `spectra.statistics`. What is there already is not made again, so that a run that
was stopped goes on. Of clips longer than four seconds the first four are heard, or any where the seed is not 0.

clean    the clip as it is, at 16 kHz
line8    a random telephone line: `channel.degrade` at 8 kHz, then a real codec
line16   a random wideband line
codec8   one of line8's codecs, or none, and nothing else; NNNN.json says which
codec16  one of line16's
NAME     a condition of evaluation.degrade, such as gsm or ulaw
"""

import argparse
import json
import multiprocessing
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from bonafide_models.arrays import Floats, Mask, Row
from bonafide_models.data import protocol
from bonafide_models.encoders import spectra, variants
from bonafide_models.encoders.speech import Encoder, LogMel
from bonafide_models.encoders.variants import FRAME, RATE
from bonafide_models.lines.measured import Lines
from bonafide_models.lines.nonspeech import NonSpeech
from bonafide_models.training import music

CHUNK = 768
BATCH = 8
# bfloat16 is the faster one where there is a matrix unit, and the slower one elsewhere.
HALVES: bool = torch.cpu._is_amx_tile_supported()
# Clips of lines whose spectra and noises are given to others.
LINES = 150


class Listener:
    """An encoder, and what makes its input."""

    def __init__(self, model: str, blocks: int) -> None:
        self.front: nn.Module | None = None
        self.encoder: nn.Module
        if model.endswith(".pt"):
            self.encoder = spectra.SpectrumEncoder(model).eval()
        else:
            self.encoder, self.front = Encoder(model, blocks).eval(), LogMel()

    def statistics(self, x: Tensor, mask: Tensor) -> Tensor:
        """Of clips (B, N), over the frames of a mask (B, N // FRAME)."""
        with torch.autocast("cpu", torch.bfloat16, enabled=HALVES):
            states = self.encoder(self.front(x) if self.front else x)
        return statistics(states, mask[:, :, None]) if self.front else spectra.statistics(states, mask)


@dataclass(frozen=True)
class Job:
    """Rows whose states make a file."""

    rows: list[Row]
    root: str
    variant: str
    seed: int
    path: str
    music: list[str]
    lines: list[str]


def statistics(states: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Mean and deviation of states (B, T, units) over the frames of a mask (B, T, 1): (B, layers, 2, units)"""
    count, out = mask.sum(1), []
    for state in states:
        x = state.float()
        mean = (x * mask).sum(1) / count
        variance = ((x - mean[:, None]) ** 2 * mask).sum(1) / count
        out.append(torch.stack([mean, variance.sqrt()], 1))
    return torch.stack(out, 1)


@torch.no_grad()
def pooled(listener: Listener, clips: Sequence[Floats], masks: Sequence[Mask]) -> npt.NDArray[np.float16]:
    """Statistics of all states over the frames of `masks`: [(N,)] -> (clips, …). Clips of one length share a
    batch."""
    found: dict[int, npt.NDArray[np.float16]] = {}
    order = sorted(range(len(clips)), key=lambda i: len(masks[i]))
    at = 0
    while at < len(order):
        n, end = len(masks[order[at]]), at
        while end < len(order) and end - at < BATCH and len(masks[order[end]]) == n:
            end += 1
        part = order[at:end]
        x = torch.from_numpy(np.stack([clips[i][: n * FRAME] for i in part]))
        spoken = np.stack([masks[i] if masks[i].any() else np.ones(n, bool) for i in part])
        mask = torch.from_numpy(spoken).float()
        found |= zip(part, listener.statistics(x, mask).half().numpy())
        at = end
    return np.stack([found[i] for i in range(len(clips))])


LISTENERS: list[Listener] = []


def setup(model: str, blocks: int) -> None:
    """Of a process: loads the encoder."""
    torch.set_num_threads(1)
    LISTENERS.append(Listener(model, blocks))


def work(job: Job) -> None:
    """Writes the states of a job, where they are not there."""
    if os.path.exists(job.path):
        return
    # The same sound for both encoders.
    seed, names = zlib.crc32(job.path.replace("/spectra/", "/").encode()) + job.seed, None
    clips = variants.read(job.rows, job.root, np.random.default_rng(seed) if job.seed else None)
    masks = [variants.speech(clip) for clip in clips]
    if job.variant.startswith("codec"):
        clips, names = variants.through_codecs(clips, 8000 if job.variant == "codec8" else RATE, seed)
    elif job.variant.startswith("line"):
        rate = 8000 if job.variant == "line8" else RATE
        lines = Lines([variants.resampled(variants.decoded(p), RATE, rate) * 32768 for p in job.lines])
        clips = variants.lined(clips, rate, seed, NonSpeech(job.music, rate), lines)
    elif job.variant != "clean":
        clips = variants.under(job.variant, clips, [row["file"] for row in job.rows])
    clips = variants.fitted(clips, masks)
    seconds = [(len(mask) * FRAME / RATE, float(mask.sum()) * FRAME / RATE) for mask in masks]
    known = {"seconds": seconds} | ({"codecs": names} if names else {})
    # First, so that it is there whenever the states are.
    Path(job.path).with_suffix(".json").write_text(json.dumps(known))
    np.save(job.path + ".part.npy", pooled(LISTENERS[0], clips, masks))
    os.replace(job.path + ".part.npy", job.path)


def chosen(table: str, split: str | None, most: int) -> list[Row]:
    """The rows of both classes, at most so many of a source and class."""
    rows = [row for row in protocol.read_rows(table, split) if row["label"] in ("bonafide", "spoof")]
    return protocol.few(rows, most)


def jobs_of(table: str, options: argparse.Namespace, pieces: list[str]) -> tuple[Path, list[Job]]:
    """The folder of a table's states, with its rows.json, and what is to be done."""
    rows = chosen(table, options.split, options.most)
    root = os.path.dirname(os.path.abspath(table))
    on_lines = [row for row in rows if row["split"] == "train" and row.get("kind") == "phone"]
    drawn = np.random.default_rng(1).permutation(len(on_lines))[:LINES]
    lines = [os.path.join(root, on_lines[i]["file"]) for i in drawn]
    name = f"{os.path.basename(root)}.{options.split or 'all'}.{options.variant}.{options.seed}"
    folder = os.path.join(options.out, "spectra" if options.model.endswith(".pt") else "", name)
    os.makedirs(folder, exist_ok=True)
    if not options.split or options.split == "train":
        # Each chunk has something of all.
        rows = [rows[i] for i in np.random.default_rng(2).permutation(len(rows))]
    with open(os.path.join(folder, "rows.json"), "w") as file:
        json.dump(rows, file)
    jobs = []
    for k in range(0, len(rows), CHUNK):
        path = os.path.join(folder, f"{k // CHUNK:04d}.npy")
        jobs.append(Job(rows[k : k + CHUNK], root, options.variant, options.seed, path, pieces, lines))
    return Path(folder), jobs


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("protocol", nargs="+")
    parser.add_argument("--variant", default="clean")
    parser.add_argument("--split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--most", type=int, default=0, help="clips of a source and label at most")
    parser.add_argument("--music", default="/usr/share/asterisk/moh")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    options = parsed()
    pieces = music.pieces(options.music)
    context: Any = multiprocessing.get_context("spawn")
    with context.Pool(options.jobs, setup, (options.model, options.blocks)) as pool:
        for table in options.protocol:
            folder, jobs = jobs_of(table, options, pieces)
            for _ in pool.imap_unordered(work, jobs):
                pass
            print(folder, sum(len(job.rows) for job in jobs), "clips", flush=True)


if __name__ == "__main__":
    main()
