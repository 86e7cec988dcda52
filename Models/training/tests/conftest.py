"""Sound of two kinds, and a cache of it as corpus.py makes them, so that no test needs the corpus."""
import json, os, sys
import numpy as np, pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

RATE = 8000


def tone(rng, seconds, wobble):
    """Overtones in syllables with pauses; a voice whose pitch wobbles is the genuine one."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = rng.uniform(90, 220) * (1 + wobble * np.sin(2 * np.pi * 5 * t))
    x = sum(np.sin(2 * np.pi * np.cumsum(pitch * k) / RATE) / k for k in range(1, 12))
    x = x * (np.sin(2 * np.pi * 0.7 * t) > -0.6) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * t))
    return np.round(3000 * x + 30 * rng.standard_normal(len(t))).astype(np.int16)


def row(file, label, source, split, **others):
    """A row of rows.json, its clip not cut out yet."""
    return {"file": file, "label": label, "system": "-" if label == "bonafide" else "machine", "source": source, "split": split, "kind": "read",
            "speaker": f"{source}:{label}", "note": "", "source_rate": "16000", "start": 0, "count": 2 * RATE} | others


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Two sources of both classes with six clips each in train, one in dev; clips.npy alone, no codecs."""
    folder, rng = tmp_path_factory.mktemp("cache"), np.random.default_rng(0)
    rows, clips, start = [], [], 0
    for source, split in (("one", "train"), ("two", "train"), ("three", "dev")):
        for label in ("bonafide", "spoof"):
            for k in range(6):
                clip = tone(rng, rng.uniform(1.5, 4), 0.02 if label == "bonafide" else 0)
                rows.append(row(f"{source}/{label}{k}.wav", label, source, split, start=start, count=len(clip)))
                clips.append(clip)
                start += len(clip)
    np.save(folder / "clips.npy", np.concatenate(clips))
    (folder / "rate").write_text(f"{RATE}\n")
    (folder / "rows.json").write_text(json.dumps(rows))
    return folder
