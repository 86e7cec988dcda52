"""Train the network on a cache that corpus.py made: train.py CACHE RUN [--steps N] [--music FOLDER]

RUN is a folder: checkpoint.pt (written every 500 steps; the same command resumes from it), log.tsv, dev scores of the
averaged weights every --look steps. Only rows of split `train` are learned from; `dev` is scored.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import argparse
import copy
import glob
import json
import multiprocessing
import time

import numpy as np
import safetensors.torch
import torch
from torch.nn import functional as F

from bonafide_models.data import batches
from bonafide_models.data.corpus import rate_of
from bonafide_models.data.sampling import has_band
from bonafide_models.features import FEATURES, LogMel
from bonafide_models.networks import CRNN, loaded, pooled, widened

# Hold music that samples/hold-music is made of: left out of training.
SAMPLE_MUSIC = ("macroform-robot_dity.wav", "reno_project-system.wav")
LOG_EVERY, SAVE_EVERY = 100, 500  # steps


@torch.no_grad()
def score(network, front, rows, audio, size=64):
    """Pooled raw scores of whole clips; audio(row) gives float32 samples at the front end's rate. Clips of like length
    share a batch."""
    network.eval()
    order, out = sorted(range(len(rows)), key=lambda k: rows[k]["count"]), np.zeros(len(rows))
    for k in range(0, len(order), size):
        part = order[k : k + size]
        clips = [audio(rows[j]) for j in part]
        frames = [max(0, 1 + (len(c) - front.o["window"]) // front.o["hop"]) for c in clips]
        samples = torch.from_numpy(np.stack([np.pad(c, (0, max(map(len, clips)) - len(c))) for c in clips]))
        outputs, _ = network(front(samples))
        for j, output, count in zip(part, outputs, frames):
            out[j] = pooled(output[None, : max(1, -(-count // 4))])[0]
    return out


def write_scores(network, front, rows, clips, path):
    scores = score(
        network, front, rows, lambda r: clips[r["start"] : r["start"] + r["count"]].astype(np.float32) / 32768
    )
    with open(path, "w") as file:
        file.writelines(f"{row['file']} {value:.5f}\n" for row, value in zip(rows, scores))


def masked(features):
    """Half of the clips with up to eight neighbouring bands, half with up to a quarter of a second, at the clip's
    mean."""
    count, frames, bands, _ = features.shape

    def span(length, widest):
        wide, at = torch.randint(0, widest + 1, (count, 1)), torch.randint(0, length, (count, 1))
        place = torch.arange(length)
        return (place >= at) & (place < at + wide) & (torch.rand(count, 1) < 0.5)

    hidden = span(frames, 25)[:, :, None, None] | span(bands, 8)[:, None, :, None]
    return torch.where(hidden, features.mean((1, 2, 3), keepdim=True), features)


class Teachers:
    """Mean scores of several networks, each scaled to the spread that the first has: pooled (B,) and per frame (B, U).
    Where a mean is on the wrong side of its label, or closer to it than `MARGIN`, `MARGIN` on the right side is
    taught."""

    MARGIN = 1.0

    def __init__(self, paths, narrowband=(), bfloat16=False):
        self.networks = [loaded(p) for p in [*paths, *narrowband]]
        for network in self.networks:
            network.bfloat16 = bfloat16
            network.conv.to(memory_format=torch.channels_last)
        self.narrowband = [False] * len(paths) + [True] * len(narrowband)
        self.spread = [None] * len(self.networks)

    @torch.no_grad()
    def __call__(self, batch):
        clips, frames = [], []
        for k, network in enumerate(self.networks):
            out, _ = network((batch.narrow if self.narrowband[k] else batch.features)[..., : network.config["inputs"]])
            out = out[:, : batch.speech.shape[1]]
            clips.append(pooled(out, batch.speech[:, : out.shape[1]] + 1e-3))
            frames.append(out[..., 0])
            spread = clips[k].std().item()
            self.spread[k] = spread if self.spread[k] is None else self.spread[k] + 0.02 * (spread - self.spread[k])
        return self.corrected(self.mean(clips), batch.label), self.corrected(
            self.mean(frames), batch.frame[:, : frames[0].shape[1]]
        )

    def mean(self, values):
        return sum(v * (self.spread[0] / spread) for v, spread in zip(values, self.spread)) / len(values)

    def corrected(self, scores, label):
        side = 2 * label - 1
        return torch.where(label >= 0, side * (side * scores).clamp_min(self.MARGIN), scores)


def label_losses(out, scores, batch, weight):
    """What labels teach: losses of clips, of their order in pairs, of frames, and of speech. `weight` of each clip:
    (B,)"""
    whole = batch.label >= 0
    clip = (F.binary_cross_entropy_with_logits(scores, batch.label.clamp_min(0), reduction="none") * weight)[
        whole
    ].mean()
    frame = (
        F.binary_cross_entropy_with_logits(out[..., 0], batch.frame, reduction="none") * batch.speech * weight[:, None]
    ).sum() / batch.speech.sum()
    speech = F.binary_cross_entropy_with_logits(out[..., 2], batch.speech)
    order = F.softplus(scores[1::2] - scores[::2])[whole[::2] & whole[1::2]].mean()
    return clip, order, frame, speech


class Training:
    """A run of `options` (see `main`): networks, optimiser, and how far it is."""

    def __init__(self, options):
        self.options, rate = options, rate_of(options.cache)
        self.network, self.front = (
            CRNN(**({"channels": options.channels} if options.channels else {})),
            LogMel(FEATURES[rate]),
        )
        if options.start:
            self.network.load_state_dict(
                widened(safetensors.torch.load_file(options.start), self.network, options.seed), strict=False
            )
        has_teachers = options.teachers or options.narrowband_teachers
        self.teachers = (
            Teachers(options.teachers, options.narrowband_teachers, options.bfloat16) if has_teachers else None
        )
        self.average = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=options.rate, weight_decay=options.decay)
        self.steps, self.spent, self.losses = 0, 0.0, []
        self.checkpoint = os.path.join(options.run, "checkpoint.pt")
        if os.path.exists(self.checkpoint):
            self.resume()
        if options.bfloat16:
            self.network.bfloat16 = True
            self.network.conv.to(memory_format=torch.channels_last)
        # What the GRU ended a batch with.
        self.state = torch.zeros(1, options.batch, self.network.config["hidden"])
        self.easy = multiprocessing.Value("d", 0.0)
        with open(os.path.join(options.cache, "rows.json")) as file:
            self.dev = [row for row in json.load(file) if row["split"] == "dev" and has_band(row, rate)]
        self.clips = np.load(os.path.join(options.cache, "clips.npy"), mmap_mode="r")

    def resume(self):
        saved = torch.load(self.checkpoint)
        for name in ("network", "average", "optimiser"):
            getattr(self, name).load_state_dict(saved[name])
        self.steps, self.spent = saved["step"], saved["spent"]

    def save(self):
        parts = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimiser")}
        torch.save(dict(parts, step=self.steps, spent=self.spent), self.checkpoint + ".part")
        os.replace(self.checkpoint + ".part", self.checkpoint)

    def worker(self, music, targets):
        """A queue of batches, and the process that fills it."""
        queue, o = multiprocessing.Queue(8), self.options
        arguments = (
            o.cache,
            (o.seed, self.steps),
            o.batch,
            music,
            o.exclude,
            bool(o.narrowband_teachers),
            self.easy,
            targets,
        )
        multiprocessing.Process(target=batches.fill, args=(queue, *arguments), daemon=True).start()
        return queue

    @property
    def done(self):
        """Share of the run that is over."""
        return max(
            self.steps / self.options.steps, self.spent / 60 / self.options.minutes if self.options.minutes else 0
        )

    def anneal(self):
        """Learning rate, and with --easy how easy batches are, by how much of the run is over."""
        done = self.done
        for group in self.optimiser.param_groups:
            group["lr"] = float(
                self.options.rate * min(1, self.steps / 300 + 0.02) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-5
            )
        if self.options.easy:
            # A third of the run as it is easy, then less and less so.
            self.easy.value = float(np.clip(1 - (done - 0.35) / 0.35, 0.15, 1))
            self.network.dropout.p = 0.2 * (1 - self.easy.value)

    def learn(self, batch):
        """One step."""
        self.network.train()
        with torch.no_grad():
            taught = self.teachers(batch) if self.teachers else None
            features = batch.features if np.random.random() < self.easy.value else masked(batch.features)
            # Half of the clips begin with the state that another clip left behind, as later parts of a call do.
            start = self.state[:, torch.randperm(self.options.batch)] * (torch.rand(1, self.options.batch, 1) < 0.5)
        out, state = self.network(features, start)
        self.state = state.detach()
        units = min(out.shape[1], batch.frame.shape[1])
        batch = batch._replace(frame=batch.frame[:, :units], speech=batch.speech[:, :units])
        loss = self.loss(out[:, :units], batch, taught)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2)
        self.optimiser.step()
        self.steps += 1
        self.follow()

    def loss(self, out, batch, taught):
        """What is made small: labels, and scores of teachers and of --targets where these are to be believed."""
        scores = pooled(out, batch.speech + 1e-3)
        # Teachers know little of classic voices and of sampling.UNTAUGHT: there the labels teach.
        believed = 1 - batch.classic if self.teachers else torch.zeros(len(scores))
        has_target = ~batch.target.isnan() & (batch.classic == 0)
        believed = torch.where(has_target, 1.0, believed)
        clip, order, frame, speech = label_losses(out, scores, batch, 1 - 0.7 * believed)
        self.losses.append([clip.item(), order.item(), frame.item(), speech.item()])
        loss = clip + 0.4 * frame + (0.3 if self.teachers else 1) * (0.3 * (1 - self.easy.value) * order + 0.3 * speech)
        if self.teachers:
            of_clips, of_frames = taught
            loss = loss + ((scores - of_clips).square() * believed).mean()
            loss = (
                loss
                + 0.3
                * ((out[..., 0] - of_frames).square() * batch.speech * believed[:, None]).sum()
                / batch.speech.sum()
            )
        if self.options.targets:
            loss = loss + (scores - batch.target.nan_to_num()).square()[has_target].sum() / len(scores)
        return loss

    @torch.no_grad()
    def follow(self):
        """Moves the averaged weights towards those of this step."""
        keep = min(0.998, self.steps / (self.steps + 10))
        for mean, value in zip(self.average.state_dict().values(), self.network.state_dict().values()):
            if mean.is_floating_point():
                mean.mul_(keep).add_(value, alpha=1 - keep)
            else:
                mean.copy_(value)

    def log(self):
        line = [self.steps, round(self.spent, 1), *np.round(np.mean(self.losses, 0), 4)]
        self.losses = []
        with open(os.path.join(self.options.run, "log.tsv"), "a") as file:
            print(*line, sep="\t", file=file)

    def look(self, name):
        """Writes scores of dev by the averaged weights."""
        write_scores(self.average, self.front, self.dev, self.clips, os.path.join(self.options.run, name))

    def run(self, queue):
        last = time.time()
        while self.done < 1:
            self.anneal()
            self.learn(batches.Batch(*(torch.from_numpy(v) for v in queue.get(timeout=600))))
            self.spent += min(time.time() - last, 30)
            last = time.time()
            if self.steps % LOG_EVERY == 0:
                self.log()
            if self.steps % SAVE_EVERY == 0:
                self.save()
            if self.steps % self.options.look == 0:
                self.look(f"dev.{self.steps}.txt")
                last = time.time()
        self.save()
        self.look("dev.txt")


def parsed():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("cache")
    a.add_argument("run")
    a.add_argument("--steps", type=int, default=12000)
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--rate", type=float, default=2e-3)
    a.add_argument("--decay", type=float, default=0.05, help="weight decay")
    a.add_argument("--look", type=int, default=3000)
    a.add_argument("--music", help="folder of recordings without speech (hold music)")
    a.add_argument("--exclude", default="", help="regular expression: speakers left out of training; empty for none")
    a.add_argument("--start", metavar="MODEL", help="safetensors to begin from, in place of random weights")
    a.add_argument(
        "--teachers",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="safetensors whose mean score is to be learned as well",
    )
    a.add_argument(
        "--targets",
        metavar="JSON",
        help="score of each clip, by its file, that is to be learned as well, as teachers gave it before any line",
    )
    a.add_argument(
        "--bfloat16", action="store_true", help="convolutions in bfloat16: half of the time on processors that have it"
    )
    a.add_argument(
        "--narrowband-teachers",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="narrowband teachers of a wideband network",
    )
    a.add_argument(
        "--easy",
        action="store_true",
        help="begin with pairs and channels that are easy to learn from: a network without --start hardly starts else",
    )
    a.add_argument(
        "--channels", type=int, nargs=4, help="of the convolutions, where they are to be others than the model's"
    )
    a.add_argument("--seed", type=int, default=0)
    a.add_argument("--minutes", type=float, help="anneal the rate so that training ends after about this time")
    o = a.parse_args()
    paths = glob.glob(os.path.join(o.music, "*.wav")) if o.music else []
    music = sorted(p for p in paths if os.path.basename(p) not in SAMPLE_MUSIC)
    if o.music and not music:
        a.error(f"no WAV file in {o.music}: --music takes a folder of recordings without speech")
    return o, music


def main():
    options, music = parsed()
    os.makedirs(options.run, exist_ok=True)
    torch.manual_seed(options.seed)
    # The worker has a core of its own.
    torch.set_num_threads(max(1, os.cpu_count() - 1))
    targets = {}
    if options.targets:
        with open(options.targets) as file:
            targets = json.load(file)
    training = Training(options)
    training.run(training.worker(music, targets))


if __name__ == "__main__":
    main()
