"""The loop of training: batches, steps, averaged weights, looks at dev."""

import copy
import json
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from bonafide_models import losses
from bonafide_models.arrays import Row
from bonafide_models.data import batches
from bonafide_models.data.clips import Cache
from bonafide_models.data.sampling import has_band
from bonafide_models.experiment import Experiment, RecipeError
from bonafide_models.features import FEATURES, LogMel
from bonafide_models.networks import CRNN, pooled, widened
from bonafide_models.training import checkpoints
from bonafide_models.training.scoring import write_scores
from bonafide_models.training.teachers import Teachers

LOG_EVERY, SAVE_EVERY = 100, 500  # steps
WARM_UP = 300  # steps in which the rate rises
SLOWEST = 0.998  # share of the averaged weights that a step keeps at most
EASY_UNTIL, HARD_FROM, LEAST_EASY = 0.35, 0.70, 0.15  # shares of the run; of easy pairs


class Source(Protocol):
    """A queue of batches, as plain tuples."""

    def get(self, block: bool = True, timeout: float | None = None) -> tuple[Any, ...]: ...


def network_of(experiment: Experiment) -> CRNN:
    """With random weights, or those of `start`, widened where it is smaller."""
    network = CRNN(experiment.channels, experiment.dense, experiment.hidden)
    if experiment.start:
        tensors = safetensors.torch.load_file(experiment.start)
        network.load_state_dict(widened(tensors, network, experiment.seed), strict=False)
    return network


class Training:
    """A run of an experiment: networks, optimiser, and how far it is."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.run_folder = Path(experiment.run)
        cache = Cache(experiment.cache)
        if cache.rate != experiment.sample_rate_hz:
            raise RecipeError(f"{experiment.cache} is at {cache.rate} Hz, the recipe at {experiment.sample_rate_hz}")
        self.dev: list[Row] = [row for row in cache.rows if row["split"] == "dev" and has_band(row, cache.rate)]
        self.clips = cache.arrays[""]
        self.network, self.front = network_of(experiment), LogMel(FEATURES[cache.rate])
        self.teachers: Teachers | None = None
        if experiment.teachers or experiment.narrowband_teachers:
            self.teachers = Teachers(experiment.teachers, experiment.narrowband_teachers, experiment.bfloat16)
        self.average = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=experiment.learning_rate, weight_decay=experiment.weight_decay
        )
        self.progress = checkpoints.resume(self.run_folder, self.parts)
        self.losses: list[list[float]] = []
        if experiment.bfloat16:
            self.network.in_bfloat16 = True
            self.network.conv.to(memory_format=torch.channels_last)
        # What the GRU ended a batch with.
        self.state = torch.zeros(1, experiment.batch, experiment.hidden)
        self.easy = multiprocessing.Value("d", 0.0)

    @property
    def parts(self) -> dict[str, checkpoints.Stateful]:
        return {"network": self.network, "average": self.average, "optimiser": self.optimiser}

    @property
    def done(self) -> float:
        """Share of the run that is over."""
        minutes = self.experiment.minutes
        of_time = self.progress.spent / 60 / minutes if minutes else 0.0
        return max(self.progress.step / self.experiment.steps, of_time)

    def worker(self, music: Sequence[str], targets: Mapping[str, float]) -> Source:
        """A queue of batches, and the process that fills it."""
        queue: multiprocessing.Queue[tuple[Any, ...]] = multiprocessing.Queue(8)
        seed = (self.experiment.seed, self.progress.step)
        arguments = (queue, self.experiment, seed, music, self.easy, targets)
        multiprocessing.Process(target=batches.fill, args=arguments, daemon=True).start()
        return queue

    def anneal(self) -> None:
        """Learning rate, and with `easy` how easy batches are, by how much of the run is over."""
        done = self.done
        rising = min(1, self.progress.step / WARM_UP + 0.02)
        for group in self.optimiser.param_groups:
            group["lr"] = float(self.experiment.learning_rate * rising * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-5)
        if self.experiment.easy:
            easy = 1 - (done - EASY_UNTIL) / (HARD_FROM - EASY_UNTIL)
            self.easy.value = float(np.clip(easy, LEAST_EASY, 1))
            self.network.dropout.p = 0.2 * (1 - self.easy.value)

    def learn(self, batch: losses.TorchBatch) -> None:
        """One step."""
        self.network.train()
        with torch.no_grad():
            taught = self.teachers(batch) if self.teachers else None
            features = batch.features if torch.rand(()) < self.easy.value else losses.masked(batch.features)
            # Half of the clips begin with the state that another clip left behind, as later parts of a call do.
            count = self.experiment.batch
            start = self.state[:, torch.randperm(count)] * (torch.rand(1, count, 1) < 0.5)
        out, state = self.network(features, start)
        self.state = state.detach()
        units = min(out.shape[1], batch.frame.shape[1])
        batch = batch._replace(frame=batch.frame[:, :units], speech=batch.speech[:, :units])
        loss = self.loss(out[:, :units], batch, taught)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2)
        self.optimiser.step()
        self.progress.step += 1
        self.follow()

    def loss(self, out: Tensor, batch: losses.TorchBatch, taught: tuple[Tensor, Tensor] | None) -> Tensor:
        """What is made small: labels, and scores of teachers and of `targets` where these are to be believed."""
        scores = pooled(out, batch.speech + 1e-3)
        # Teachers know little of classic voices and of sampling.UNTAUGHT: there the labels teach.
        believed = 1 - batch.classic if taught else torch.zeros(len(scores))
        has_target = ~batch.target.isnan() & (batch.classic == 0)
        believed = torch.where(has_target, 1.0, believed)
        parts = losses.of_labels(out, scores, batch, 1 - 0.7 * believed)
        self.losses.append([part.item() for part in parts])
        order = 0.3 * (1 - self.easy.value) * parts.order
        rest = order + self.experiment.speech_loss * parts.speech
        loss = parts.clip + 0.4 * parts.frame + (0.3 if taught else 1) * rest
        if taught:
            loss = loss + losses.of_teachers(out, scores, taught, batch.speech, believed)
        if self.experiment.targets:
            missed = (scores - batch.target.nan_to_num()).square()
            loss = loss + missed[has_target].sum() / len(scores)
        return loss

    @torch.no_grad()
    def follow(self) -> None:
        """Moves the averaged weights towards those of this step."""
        keep = min(SLOWEST, self.progress.step / (self.progress.step + 10))
        for mean, value in zip(self.average.state_dict().values(), self.network.state_dict().values()):
            if mean.is_floating_point():
                mean.mul_(keep).add_(value, alpha=1 - keep)
            else:
                mean.copy_(value)

    def log(self) -> None:
        means = np.mean(np.array(self.losses), 0).round(4).tolist()
        line = [self.progress.step, round(self.progress.spent, 1), *means]
        self.losses = []
        with open(self.run_folder / "log.tsv", "a") as file:
            print(*line, sep="\t", file=file)

    def look(self, name: str) -> None:
        """Writes scores of dev by the averaged weights."""
        write_scores(self.average, self.front, self.dev, self.clips, self.run_folder / name)

    def save(self) -> None:
        checkpoints.save(self.run_folder, self.parts, self.progress)

    def run(self, source: Source) -> None:
        """To the end, from wherever it is."""
        last = time.time()
        while self.done < 1:
            self.anneal()
            self.learn(losses.TorchBatch(*(torch.from_numpy(values) for values in source.get(timeout=600))))
            self.progress.spent += min(time.time() - last, 30)
            last = time.time()
            if self.progress.step % LOG_EVERY == 0:
                self.log()
            if self.progress.step % SAVE_EVERY == 0:
                self.save()
            if self.progress.step % self.experiment.look_every == 0:
                self.look(f"dev.{self.progress.step}.txt")
                last = time.time()
        self.save()
        self.look("dev.txt")


def targets_of(experiment: Experiment) -> dict[str, float]:
    """Scores by file, where the experiment has some."""
    if not experiment.targets:
        return {}
    with open(experiment.targets) as file:
        scores: dict[str, float] = json.load(file)
    return scores
