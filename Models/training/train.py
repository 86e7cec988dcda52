#!/usr/bin/env python3
"""Train the network on a cache that corpus.py made: train.py CACHE RUN [--steps N] [--music FOLDER]

RUN is a folder: checkpoint.pt (written every 500 steps; the same command resumes from it), log.tsv, dev scores of the
averaged weights every --look steps. Only rows of split `train` are learned from; `dev` is scored.
"""
import os
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import argparse, copy, glob, json, multiprocessing, re, time
import numpy as np, safetensors.torch, torch
from scipy import fft
from torch.nn import functional as F
import channel
from corpus import CODECS, rate_of
from network import CRNN, FEATURES, LogMel, loaded, pooled, widened

CROP_S = 3
# Hz: what is under it is narrowband, which a wideband network is not asked about.
LEAST_BANDWIDTH = {8000: 0, 16000: 5500}
CALL = ("telephone", "phone call")
# Hold music that samples/hold-music is made of: left out of training.
SAMPLE_MUSIC = ("macroform-robot_dity.wav", "reno_project-system.wav")


def on_line(r):
    return r.get("kind") == "phone" or r.get("source_rate") == "8000" or any(c in r.get("note", "") for c in CALL)


def has_band(r, rate):
    """Whether a network of this rate is asked about the clip."""
    return float(r.get("bandwidth_hz") or rate / 2) >= LEAST_BANDWIDTH[rate]


# Sources of which teachers know little, as of voices of kind `classic`: in pairs with their genuine clips labels teach.
UNTAUGHT = "debian-asterisk-core"

# Telephone clips of a class without which none are drawn on purpose.
LEAST_LINE = 100


class Sampler:
    """Draws pairs (genuine, spoof) of training rows, so that neither source nor line says anything about the class:

    matched  both from one source that has both classes: the same page, microphones and file formats
    line     both telephone speech
    copy     a genuine clip and its copy through a vocoder (rows of kind `copy`; the original's path is in the note)
    classic  a spoof of kind `classic` (rules, diphones, HMMs: few clips, which the rest would not show often enough) and a
             genuine clip, of a telephone more often than not
    free     each from anywhere

    Sources by the root of their size, inside a source systems evenly."""

    SHARES = dict(matched=0.34, line=0.22, copy=0.18, classic=0.10, free=0.16)

    def __init__(self, rows, exclude, rate):
        train = [i for i, r in enumerate(rows) if r["split"] == "train" and r["count"] > rate // 2 and has_band(r, rate)
                 and not (exclude and re.search(exclude, r.get("speaker", "")))]
        place = {rows[i]["file"]: i for i in train if rows[i]["label"] == "bonafide"}
        genuine = [i for i in train if rows[i]["label"] == "bonafide"]
        spoof = [i for i in train if rows[i]["label"] == "spoof" and rows[i].get("kind") != "copy"]
        copies = [i for i in train if rows[i].get("kind") == "copy" and rows[i]["note"] in place]
        self.original = {i: place[rows[i]["note"]] for i in copies}
        line = lambda group, want: [i for i in group if on_line(rows[i]) == want]
        self.tables = {"line": [self.table(rows, line(g, True)) for g in (genuine, spoof)],
                       "free": [self.table(rows, line(g, False)) for g in (genuine, spoof)],
                       "copy": self.table(rows, copies) if copies else None}
        classics = [i for i in spoof if rows[i].get("kind") == "classic"]
        self.tables["classic"] = self.table(rows, classics) if classics else None
        self.sources = {s: (self.table(rows, g), self.table(rows, f)) for s in {rows[i]["source"] for i in genuine}
                        if (g := [i for i in genuine if rows[i]["source"] == s]) and (f := [i for i in spoof if rows[i]["source"] == s])}
        size = np.array([min(len(g[0]), len(f[0])) ** 0.5 for g, f in self.sources.values()])
        self.names, self.weights = list(self.sources), size / size.sum()
        shares = {k: v for k, v in self.SHARES.items() if (k != "copy" or copies) and (k != "classic" or classics) and (k != "matched" or self.names)
                  and (k != "line" or all(len(t[0]) >= LEAST_LINE for t in self.tables["line"]))}
        self.modes, self.chance = list(shares), np.array(list(shares.values())) / sum(shares.values())

    @staticmethod
    def table(rows, group):
        cells = {}
        for i in group:
            cells.setdefault(rows[i]["source"], {}).setdefault(rows[i]["system"], []).append(i)
        weight = {}
        for systems in cells.values():
            n = sum(map(len, systems.values()))
            for members in systems.values():
                for i in members:
                    weight[i] = n ** 0.5 / len(systems) / len(members)
        p = np.array([weight[i] for i in group])
        return np.array(group, int), np.cumsum(p / p.sum())

    @staticmethod
    def draw(rng, table):
        group, cumulative = table
        return int(group[min(np.searchsorted(cumulative, rng.random()), len(group) - 1)])

    def pair(self, rng, easy=False):
        """(genuine, spoof), and whether it is one of kind `classic`. An easy one is of two clips from anywhere, or of two lines."""
        mode = ("line" if "line" in self.modes and rng.random() < 0.2 else "free") if easy else self.modes[rng.choice(len(self.modes), p=self.chance)]
        if mode == "copy":
            j = self.draw(rng, self.tables["copy"])
            return self.original[j], j, False
        if mode == "classic":
            line = "line" in self.modes and rng.random() < 0.6
            return self.draw(rng, self.tables["line" if line else "free"][0]), self.draw(rng, self.tables["classic"]), True
        genuine, spoof = self.sources[self.names[rng.choice(len(self.names), p=self.weights)]] if mode == "matched" else self.tables[mode]
        return self.draw(rng, genuine), self.draw(rng, spoof), False


def crop(rng, rows, arrays, i, codec, n, easy=False):
    """n samples of clip i (float32), repeated from its start where it is shorter; without a codec a third of the time
    played up to 7 % faster or slower, voice and all."""
    r = rows[i]
    x = arrays[codec][r["start"]:r["start"] + r["count"]].astype(np.float32) / 32768
    m = n if codec or easy or rng.random() < 0.67 else round(n * rng.uniform(0.93, 1.07) / 200) * 200
    if len(x) < m:
        x = np.tile(x, -(-m // len(x)))
    s = rng.integers(0, len(x) - m + 1)
    x = x[s:s + m]
    if m == n:
        return x
    spectrum = fft.rfft(x)
    if m < n:
        spectrum = np.pad(spectrum, (0, n // 2 - m // 2))
    return fft.irfft(spectrum, n) * np.float32(n / m)


def halved(x):
    """Samples at half of the rate: (B, N) -> (B, N // 2)"""
    n = x.shape[1] // 2
    return fft.irfft(fft.rfft(x)[:, :n // 2 + 1], n).astype(np.float32) / 2


def batches(cache, seed, queue, size, music, exclude, with_narrow, easy, targets):
    """Worker: endless batches of (features (B, T, bands, inputs), narrowband features where asked for, clip label, frame label (B, U), speech (B, U), whether labels alone teach (B,), targets (B,), NaN where
    there is none); label 1 = bona fide, -1 = mixed. Genuine clips and spoofs alternate; half of the pairs go through one channel."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    rows, rate = json.load(open(os.path.join(cache, "rows.json"))), rate_of(cache)
    arrays = {"": np.load(os.path.join(cache, "clips.npy"), mmap_mode="r")}
    for c in CODECS[rate]:
        if os.path.exists(path := os.path.join(cache, f"clips.{c}.npy")):
            arrays[c] = np.load(path, mmap_mode="r")
    sampler, nonspeech = Sampler(rows, exclude, rate), channel.NonSpeech(music, rate)
    lines = channel.Lines(arrays[""][r["start"]:r["start"] + r["count"]] for r in rows
                          if r["split"] == "train" and r["count"] > rate and on_line(r) and has_band(r, rate))
    front, narrow_front = LogMel(FEATURES[rate]), LogMel(FEATURES[8000])
    units, block = CROP_S * channel.BLOCKS_PER_S, rate // channel.BLOCKS_PER_S
    codec = lambda: "" if rng.random() < 0.5 else str(rng.choice(list(arrays)))
    while True:
        label, x, seeds, classic, plain, target = np.tile([1, 0], size // 2).astype(np.float32), [], [], [], [], []
        for _ in range(size // 2):
            is_easy = rng.random() < easy.value
            codecs, one = [codec(), codec()], not is_easy and rng.random() < 0.5
            *pair, is_classic = sampler.pair(rng, is_easy)
            is_classic = is_classic or rows[pair[0]]["source"].startswith(UNTAUGHT)
            plain += [is_easy] * 2
            classic += [is_classic] * 2
            target += [targets.get(rows[i]["file"], np.nan) for i in pair]
            for i, c in zip(pair, codecs[:1] * 2 if one else codecs):
                x.append(crop(rng, rows, arrays, i, c, CROP_S * rate, is_easy))
            seeds += [int(rng.integers(1 << 62))] * 2 if one else [int(v) for v in rng.integers(1 << 62, size=2)]
        x = np.stack(x)
        frame = np.repeat(label[:, None], units, 1)
        for i in np.flatnonzero(rng.random(size) < 0.12):          # another class spliced in
            j = rng.choice(np.flatnonzero(frame[:, 0] != label[i]))
            a, b = sorted(rng.choice(np.arange(0, units + 1, 5), 2, replace=False))
            x[i, a * block:b * block] = x[j, a * block:b * block]
            frame[i, a:b] = frame[j, a:b]
            label[i] = -1
        speech = channel.speech_blocks(x, rate)
        for i in np.flatnonzero(rng.random(size) < 0.2):           # nobody talks for a while
            n = int(rng.integers(8, 50))
            a = int(rng.integers(0, units - n + 1))
            loud = np.sqrt(np.mean(x[i] ** 2)) * 10 ** (rng.uniform(-20, 6) / 20)
            x[i, a * block:(a + n) * block] = nonspeech.draw(rng, n * block) * loud
            speech[i, a:a + n] = False
        x = channel.degrade([np.random.default_rng(s) for s in seeds], x, nonspeech, lines, rate, plain)
        with torch.no_grad():
            features = front(torch.from_numpy(x)).numpy()
            narrow = narrow_front(torch.from_numpy(halved(x))).numpy() if with_narrow else features[:0]
        queue.put((features, narrow, label, frame, speech.astype(np.float32), np.array(classic, np.float32),
                   np.where(label < 0, np.nan, target).astype(np.float32)))


@torch.no_grad()
def score(network, front, rows, audio, size=64):
    """Pooled raw scores of whole clips; audio(row) gives float32 samples at the front end's rate. Clips of like length share a batch."""
    network.eval()
    order, out = sorted(range(len(rows)), key=lambda k: rows[k]["count"]), np.zeros(len(rows))
    for k in range(0, len(order), size):
        part = order[k:k + size]
        clips = [audio(rows[j]) for j in part]
        n = [max(0, 1 + (len(c) - front.o["window"]) // front.o["hop"]) for c in clips]
        x = torch.from_numpy(np.stack([np.pad(c, (0, max(map(len, clips)) - len(c))) for c in clips]))
        y, _ = network(front(x))
        for j, o, t in zip(part, y, n):
            out[j] = pooled(o[None, :max(1, -(-t // 4))])[0]
    return out


def masked(features):
    """Half of the clips with up to eight neighbouring bands, half with up to a quarter of a second, at the clip's mean."""
    count, frames, bands, _ = features.shape
    def span(length, widest):
        wide, at = torch.randint(0, widest + 1, (count, 1)), torch.randint(0, length, (count, 1))
        place = torch.arange(length)
        return (place >= at) & (place < at + wide) & (torch.rand(count, 1) < 0.5)
    hidden = span(frames, 25)[:, :, None, None] | span(bands, 8)[:, None, :, None]
    return torch.where(hidden, features.mean((1, 2, 3), keepdim=True), features)


class Teachers:
    """Mean scores of several networks, each scaled to the spread that the first has: pooled (B,) and per frame (B, U). Where a
    mean is on the wrong side of its label, or closer to it than `MARGIN`, `MARGIN` on the right side is taught."""

    MARGIN = 1.0

    def __init__(self, paths, narrowband=(), bfloat16=False):
        self.networks = [loaded(p) for p in [*paths, *narrowband]]
        for network in self.networks:
            network.bfloat16 = bfloat16
            network.conv.to(memory_format=torch.channels_last)
        self.narrowband = [False] * len(paths) + [True] * len(narrowband)
        self.spread = [None] * len(self.networks)

    @torch.no_grad()
    def __call__(self, features, narrow, label, frame, speech):
        clips, frames = [], []
        for k, network in enumerate(self.networks):
            out, _ = network((narrow if self.narrowband[k] else features)[..., :network.config["inputs"]])
            out = out[:, :speech.shape[1]]
            clips.append(pooled(out, speech[:, :out.shape[1]] + 1e-3))
            frames.append(out[..., 0])
            spread = clips[k].std().item()
            self.spread[k] = spread if self.spread[k] is None else self.spread[k] + 0.02 * (spread - self.spread[k])
        scaled = lambda values: sum(v * (self.spread[0] / s) for v, s in zip(values, self.spread)) / len(values)

        def corrected(score, label):
            side = 2 * label - 1
            return torch.where(label >= 0, side * (side * score).clamp_min(self.MARGIN), score)
        return corrected(scaled(clips), label), corrected(scaled(frames), frame[:, :frames[0].shape[1]])


def main():
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
    a.add_argument("--teachers", nargs="+", default=[], metavar="MODEL", help="safetensors whose mean score is to be learned as well")
    a.add_argument("--targets", metavar="JSON", help="score of each clip, by its file, that is to be learned as well, as teachers gave it before any line")
    a.add_argument("--bfloat16", action="store_true", help="convolutions in bfloat16: half of the time on processors that have it")
    a.add_argument("--narrowband-teachers", nargs="+", default=[], metavar="MODEL", help="narrowband teachers of a wideband network")
    a.add_argument("--easy", action="store_true", help="begin with pairs and channels that are easy to learn from: without it a network without --start hardly starts")
    a.add_argument("--channels", type=int, nargs=4, help="of the convolutions, where they are to be others than the model's")
    a.add_argument("--seed", type=int, default=0)
    a.add_argument("--minutes", type=float, help="anneal the rate so that training ends after about this time")
    o = a.parse_args()
    os.makedirs(o.run, exist_ok=True)
    torch.manual_seed(o.seed)
    # The worker has a core of its own.
    torch.set_num_threads(max(1, os.cpu_count() - 1))
    music = sorted(p for p in glob.glob(os.path.join(o.music, "*.wav")) if os.path.basename(p) not in SAMPLE_MUSIC) if o.music else []
    if o.music and not music:
        a.error(f"no WAV file in {o.music}: --music takes a folder of recordings without speech")
    rate = rate_of(o.cache)
    network, front = CRNN(**({"channels": o.channels} if o.channels else {})), LogMel(FEATURES[rate])
    if o.start:
        network.load_state_dict(widened(safetensors.torch.load_file(o.start), network, o.seed), strict=False)
    teachers = Teachers(o.teachers, o.narrowband_teachers, o.bfloat16) if o.teachers or o.narrowband_teachers else None
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=o.rate, weight_decay=o.decay)
    step, spent, path = 0, 0.0, os.path.join(o.run, "checkpoint.pt")
    if os.path.exists(path):
        c = torch.load(path)
        network.load_state_dict(c["network"]); average.load_state_dict(c["average"]); optimiser.load_state_dict(c["optimiser"])
        step, spent = c["step"], c["spent"]
    targets = json.load(open(o.targets)) if o.targets else {}
    queue = multiprocessing.Queue(8)
    easy = multiprocessing.Value("d", 0.0)
    worker = multiprocessing.Process(target=batches, args=(o.cache, (o.seed, step), queue, o.batch, music, o.exclude, bool(o.narrowband_teachers), easy, targets), daemon=True)
    worker.start()
    dev = [r for r in json.load(open(os.path.join(o.cache, "rows.json"))) if r["split"] == "dev" and has_band(r, rate)]
    clips = np.load(os.path.join(o.cache, "clips.npy"), mmap_mode="r")
    if o.bfloat16:
        network.bfloat16 = True
        network.conv.to(memory_format=torch.channels_last)
    state, losses, last = torch.zeros(1, o.batch, network.config["hidden"]), [], time.time()
    while True:
        done = max(step / o.steps, spent / 60 / o.minutes if o.minutes else 0)
        if done >= 1:
            break
        for g in optimiser.param_groups:
            g["lr"] = float(o.rate * min(1, step / 300 + 0.02) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-5)
        if o.easy:
            # A third of the run as it is easy, then less and less so.
            easy.value = float(np.clip(1 - (done - 0.35) / 0.35, 0.15, 1))
            network.dropout.p = 0.2 * (1 - easy.value)
        features, narrow, label, frame, speech, classic, target = (torch.from_numpy(v) for v in queue.get(timeout=600))
        network.train()
        with torch.no_grad():
            taught = teachers(features, narrow, label, frame, speech) if teachers else None
            features = features if np.random.random() < easy.value else masked(features)
            # Half of the clips begin with the state that another clip left behind, as later parts of a call do.
            start = state[:, torch.randperm(o.batch)] * (torch.rand(1, o.batch, 1) < 0.5)
        out, state = network(features, start)
        state = state.detach()
        units = min(out.shape[1], frame.shape[1])
        out, frame, speech = out[:, :units], frame[:, :units], speech[:, :units]
        whole = label >= 0
        scores = pooled(out, speech + 1e-3)
        # Teachers know little of classic voices and of the sources in UNTAUGHT: there the labels teach.
        heard = 1 - classic if teachers else torch.zeros(o.batch)
        taught_before = ~target.isnan() & (classic == 0)
        heard = torch.where(taught_before, 1.0, heard)
        own = 1 - 0.7 * heard
        clip_loss = (F.binary_cross_entropy_with_logits(scores, label.clamp_min(0), reduction="none") * own)[whole].mean()
        frame_loss = (F.binary_cross_entropy_with_logits(out[..., 0], frame, reduction="none") * speech * own[:, None]).sum() / speech.sum()
        speech_loss = F.binary_cross_entropy_with_logits(out[..., 2], speech)
        order_loss = F.softplus(scores[1::2] - scores[::2])[whole[::2] & whole[1::2]].mean()
        loss = clip_loss + 0.4 * frame_loss + (0.3 if teachers else 1) * (0.3 * (1 - easy.value) * order_loss + 0.3 * speech_loss)
        if teachers:
            of_clips, of_frames = taught
            loss = loss + ((scores - of_clips).square() * heard).mean()
            loss = loss + 0.3 * ((out[..., 0] - of_frames).square() * speech * heard[:, None]).sum() / speech.sum()
        if o.targets:
            loss = loss + (scores - target.nan_to_num()).square()[taught_before].sum() / o.batch
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2)
        optimiser.step()
        step += 1
        keep = min(0.998, step / (step + 10))
        with torch.no_grad():
            for p, q in zip(average.state_dict().values(), network.state_dict().values()):
                p.mul_(keep).add_(q, alpha=1 - keep) if p.is_floating_point() else p.copy_(q)
        losses.append([clip_loss.item(), order_loss.item(), frame_loss.item(), speech_loss.item()])
        spent += min(time.time() - last, 30)
        last = time.time()
        if step % 100 == 0:
            line = [step, round(spent, 1), *np.round(np.mean(losses, 0), 4)]
            losses = []
            print(*line, sep="\t", file=open(os.path.join(o.run, "log.tsv"), "a"), flush=True)
        if step % 500 == 0:
            torch.save(dict(network=network.state_dict(), average=average.state_dict(), optimiser=optimiser.state_dict(), step=step, spent=spent), path + ".part")
            os.replace(path + ".part", path)
        if step % o.look == 0:
            write_scores(average, front, dev, clips, os.path.join(o.run, f"dev.{step}.txt"))
            last = time.time()
    torch.save(dict(network=network.state_dict(), average=average.state_dict(), optimiser=optimiser.state_dict(), step=step, spent=spent), path)
    write_scores(average, front, dev, clips, os.path.join(o.run, "dev.txt"))


def write_scores(network, front, rows, clips, path):
    s = score(network, front, rows, lambda r: clips[r["start"]:r["start"] + r["count"]].astype(np.float32) / 32768)
    with open(path, "w") as f:
        f.writelines(f"{r['file']} {v:.5f}\n" for r, v in zip(rows, s))


if __name__ == "__main__":
    main()
