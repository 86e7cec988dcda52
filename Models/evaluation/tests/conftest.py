"""Speech-like sound and a small protocol table of it, so that no test needs the corpus."""
import os, sys
import numpy as np, pytest
from scipy import signal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import protocol, sound

RATE = 16000


def voice(rng, seconds, rate=RATE, pitch=None):
    """Pulses of a wandering pitch through three resonances, in syllables with pauses: at -26 dBFS RMS, 0.1 s of silence at the ends."""
    n = round(seconds * rate)
    t = np.arange(n) / rate
    f0 = (pitch or rng.uniform(90, 220)) * (1 + 0.15 * np.interp(t, np.linspace(0, seconds, 12), rng.normal(size=12)))
    x = (np.diff(np.floor(np.cumsum(f0) / rate), prepend=0) > 0) + 0.02 * rng.standard_normal(n)
    for formant, width in zip(rng.uniform([350, 900, 2300], [800, 1800, 3000]), (80, 120, 200)):
        r = np.exp(-np.pi * width / rate)
        x = signal.lfilter([1], [1, -2 * r * np.cos(2 * np.pi * formant / rate), r * r], x)
    syllables = np.interp(t, np.linspace(0, seconds, round(seconds * 6)), rng.choice([0.02, 1, 1], round(seconds * 6)))
    x = x * syllables * np.clip(np.minimum(t - 0.1, seconds - 0.1 - t) / 0.02, 0, 1)
    return x * 0.05 / np.sqrt(np.mean(np.square(x)))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A table of two genuine speakers and two synthetic voices of two sources, six clips of 3 s each."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for source in ("one", "two"):
        for label, system in (("bonafide", "-"), ("spoof", "vocoder")):
            rng = np.random.default_rng(len(rows))
            pitch = rng.uniform(90, 220)
            for i in range(6):
                file = f"dev/{source}/{label}{i}.flac"
                sound.write(os.path.join(folder, file), voice(rng, 3, pitch=pitch), RATE)
                rows.append({"file": file, "label": label, "system": system, "kind": "read", "speaker": f"{source}:{label}", "language": "en",
                             "source": source, "split": "dev", "duration_s": "3.00", "bandwidth_hz": "8000", "source_rate": "16000", "source_codec": "flac"})
    path = os.path.join(folder, "protocol.tsv")
    protocol.write_rows(path, rows)
    return path
