"""A protocol table and a cache of what made.py makes."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bonafide_models import sound
from bonafide_models.data import protocol
from made import RATE, WIDE, row, tone, voice

# Small batches: threads that wait for each other take longer than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# For the steps that tests run in a process of their own.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1] / "src")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A table of two genuine speakers and two synthetic voices of two sources, six clips of 3 s each."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for source in ("one", "two"):
        for label, system in (("bonafide", "-"), ("spoof", "vocoder")):
            rng = np.random.default_rng(len(rows))
            pitch = rng.uniform(90, 220)
            about = {
                "label": label,
                "system": system,
                "kind": "read",
                "speaker": f"{source}:{label}",
                "language": "en",
                "source": source,
            }
            about |= {
                "split": "dev",
                "duration_s": "3.00",
                "bandwidth_hz": "8000",
                "source_rate": "16000",
                "source_codec": "flac",
            }
            for i in range(6):
                file = f"dev/{source}/{label}{i}.flac"
                sound.write(os.path.join(folder, file), voice(rng, 3, pitch=pitch), WIDE)
                rows.append({"file": file, **about})
    path = os.path.join(folder, "protocol.tsv")
    protocol.write_rows(path, rows)
    return path


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
