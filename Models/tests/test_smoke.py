"""From nothing to a verdict: a corpus of espeak-ng against the people of samples/, a training of a minute, a model that
the program loads and that scores there as in PyTorch."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import soxr

from made import RATE

pytest.importorskip("torch")
pytest.importorskip("librosa")
pytest.importorskip("safetensors")
import torch

from bonafide_models.data import protocol
from bonafide_models.features import LogMel, Settings
from bonafide_models.networks import loaded, pooled
from bonafide_models.repository import ROOT

TOOLS = ("espeak-ng", "ffmpeg", "sox")
PIECE = 3 * RATE
PROGRAM = os.environ.get("BONAFIDE", str(ROOT / ".build/release/bonafide"))
# Language, recording of a person, voices of espeak-ng; a language is a source of its own.
PEOPLE = {
    "en": ("genuine-en.ulaw.wav", ("en-us", "en-gb+f2", "en-gb-scotland+m3")),
    "es": ("genuine-es.gsm.wav", ("es", "es+f3", "es-419+m4")),
    "fr": ("genuine-fr.alaw.wav", ("fr-fr", "fr-be+f1", "fr-fr+m7")),
    "it": ("genuine-it.adpcm.wav", ("it", "it+f4", "it+m2")),
}
DEV = "it"
TEXTS = {
    "en": (
        "Thank you for calling. Please hold the line, and somebody will be with you in a moment. Your call matters "
        "to us, and it is recorded. To hear your balance, press one. For everything else, wait for the tone."
    ),
    "es": (
        "Gracias por llamar. Espere un momento, por favor, y alguien le atenderá en seguida. Su llamada es "
        "importante, y se graba. Para conocer su saldo, pulse uno. Para todo lo demás, espere al tono."
    ),
    "fr": (
        "Merci de votre appel. Restez en ligne, quelqu'un va vous répondre dans un instant. Votre appel compte pour "
        "nous, et il est enregistré. Pour votre solde, tapez un. Pour le reste, attendez le signal."
    ),
    "it": (
        "Grazie per aver chiamato. Resti in linea, qualcuno le risponderà tra un momento. La sua chiamata è "
        "importante, ed è registrata. Per conoscere il saldo, prema uno. Per tutto il resto, attenda il segnale."
    ),
}


def spoken(voice, text, folder):
    """What espeak-ng says, at RATE."""
    path = folder / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", path, text], check=True)
    x, own = soundfile.read(path, dtype="float32")
    return soxr.resample(x, own, RATE)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A protocol table: pieces of three seconds, of each language as many genuine as synthetic ones, in one format."""
    if lacking := [tool for tool in TOOLS if not shutil.which(tool)]:
        pytest.skip(f"{', '.join(lacking)} not installed")
    folder, rows = tmp_path_factory.mktemp("smoke"), []
    for language, (recording, voices) in PEOPLE.items():
        person, own = soundfile.read(ROOT / "samples" / recording, dtype="float32")
        assert own == RATE
        parties = [("bonafide", "-", person), *(("spoof", v, spoken(v, TEXTS[language], folder)) for v in voices)]
        for label, system, x in parties:
            x = x * 0.05 / np.sqrt(np.mean(x**2))
            for k in range(len(x) // PIECE):
                name = f"{language}-{system}-{k}.wav"
                # G.711 and GSM would tell the class, where only people have gone through them.
                soundfile.write(folder / name, x[k * PIECE : (k + 1) * PIECE], RATE, "ULAW")
                about = {"source": language, "split": "dev" if language == DEV else "train", "kind": "read"}
                rows.append({"file": name, "label": label, "system": system, "speaker": label, "note": "", **about})
    protocol.write_rows(folder / "protocol.tsv", rows)
    return folder / "protocol.tsv"


def step(name, *arguments):
    command = [sys.executable, "-m", f"bonafide_models.{name}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(table):
    """Folder of a run, and the model that was exported of it."""
    folder = table.parent
    settings = {
        "model": str(folder / "model"),
        "tables": [str(table)],
        "cache": str(folder / "cache"),
        "run": str(folder / "run"),
        "channels": [8, 16, 24, 32],
        "dense": 48,
        "hidden": 48,
        "steps": 200,
        "batch": 16,
        "learning_rate": 5e-3,
        "easy": True,
        "look_every": 1000,
    }
    recipe = folder / "smoke.toml"
    recipe.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    step("train", recipe)
    step("export", recipe)
    return folder / "run", folder / "model"


def test_it_learns(trained):
    run, model = trained
    losses = np.loadtxt(run / "log.tsv")[:, 2]
    assert losses[-1] < 0.8 * losses[0]
    card = json.loads(model.with_suffix(".json").read_text())
    # Of a person and voices in a language that it never heard.
    assert card["metrics"]["conditions"]["as they are"]["eer"] < 0.2
    assert card["training"]["steps"] == 200


@torch.no_grad()
def by_pytorch(model, samples, seconds):
    """LLR of a recording that has so many seconds of speech."""
    card = json.loads(model.with_suffix(".json").read_text())
    front, network = LogMel(Settings.of(card["features"])), loaded(model.with_suffix(".safetensors"))
    outputs, _ = network(front(torch.from_numpy(samples)[None]))
    fit = card["calibration"]
    llr = fit["slope"] * pooled(outputs).item() + fit["offset"]
    return llr * seconds / (seconds + fit["half_speech_s"])


@pytest.mark.skipif(not os.access(PROGRAM, os.X_OK), reason=f"{PROGRAM} is not built")
# Without an offset, which the program takes out first: ADPCM drifts.
@pytest.mark.parametrize("name", ["genuine-en.ulaw.wav", "genuine-fr.alaw.wav", "synthetic-hts.ulaw.wav"])
def test_the_program_scores_as_pytorch_does(trained, name):
    _, model = trained
    command = [PROGRAM, "scan", "--model", model.with_suffix(".safetensors"), "--fast", "--precise", "--format", "json"]
    done = subprocess.run([*command, ROOT / "samples" / name], capture_output=True, text=True)
    (party,) = json.loads(done.stdout)["files"][0]["channels"]
    samples, rate = soundfile.read(ROOT / "samples" / name, dtype="float32")
    assert rate == RATE
    assert party["llr"] == pytest.approx(by_pytorch(model, samples, party["speech_s"]), abs=1e-2)
