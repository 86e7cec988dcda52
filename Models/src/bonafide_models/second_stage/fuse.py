"""Fit how the scores of both stages come together, and where verdicts change:

python -m bonafide_models.second_stage.fuse BONAFIDE STATES HEADS PARTIES OUT

BONAFIDE  the command; its first stage scores the parties (`scan --fast`)
STATES    of encoders.states: SPLIT and CONDITION of the parties' clips, as corpus.dev.ulaw.0
HEADS     Models/second, without suffix
PARTIES   folder with SPLIT/CONDITION/protocol.tsv, as evaluation.parties makes them of what evaluation.degrade made
OUT       the card, Models/second.json

The second stage's score of a party is the mean of its clips' scores (in the program of its windows', weighted by
speech); how strongly its speech is coded, too. Coefficients by weighted logistic regression: each condition, length and
class counts the same, but loud noise a tenth of that. Evidence against a voice counts less the more its speech is
coded, by as much as lets the most synthetic parties be flagged. Alarm point: 1 % of the genuine parties flagged, of all
lengths, under the condition where it is most; clear point: 5 % of the synthetic ones cleared, on average over
conditions and lengths. All on dev and dev3, which nothing was trained on. The figures are cross-validated: sources in
five folds, the parties of each by a fusion and points that were fitted on the other four.
"""

import argparse
import dataclasses
import datetime
import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bonafide_models.data import protocol
from bonafide_models.second_stage import coding, fusion, stored
from bonafide_models.second_stage.fusion import MODELS, SECONDS, SNR, SPLITS, Fusion, Party
from bonafide_models.second_stage.rows import load
from bonafide_models.second_stage.stored import restored


def first_scores(command: str, folder: str) -> dict[str, dict[str, Any]]:
    """What the program's first stage says of the first party of each recording of a folder, by path."""
    arguments = [command, "scan", "--fast", "--format", "jsonl", "-j", "1", folder]
    run = subprocess.run(arguments, capture_output=True, text=True)
    if run.returncode > 1:
        raise SystemExit(f"{folder}: {(run.stderr.splitlines() or [f'status {run.returncode}'])[-1]}")
    out = {}
    for line in run.stdout.splitlines():
        recording = json.loads(line)
        party = recording["channels"][0] if recording["channels"] else None
        if party and party["llr"] is not None:
            out[os.path.relpath(recording["path"], folder)] = party
    return out


@torch.no_grad()
def second_scores(states: str, name: str, heads: dict[str, Tensor]) -> dict[str, dict[str, tuple[float, float]]]:
    """{model: {clip: (score, how strongly it is coded)}}: narrowband parties are judged by the speech encoder's states
    alone. Where there are none of spectra, wideband ones are not judged."""
    out = {}
    for model in MODELS if (Path(states) / "spectra" / name).is_dir() else MODELS[:1]:
        x, rows = load(states, name, model == "wideband")
        parts = [torch.from_numpy(x[a : a + 512].astype(np.float32)) for a in range(0, len(x), 512)]
        scores = torch.cat([stored.score(heads, model, part)[:, 0] for part in parts]).tolist()
        coded = torch.cat([coding.coded(stored.coding(heads, model, part)[:, 0]) for part in parts]).tolist()
        out[model] = dict(zip((protocol.stem(row["file"]) for row in rows), zip(scores, coded)))
    return out


def gather(options: argparse.Namespace) -> list[Party]:
    """All parties of PARTIES that the first stage judged."""
    heads, parties = restored(options.heads + ".safetensors"), []
    for split in SPLITS:
        for condition in sorted(os.listdir(os.path.join(options.parties, split))):
            folder = os.path.join(options.parties, split, condition)
            first = first_scores(options.command, folder)
            states = f"corpus.{split}.{'clean' if condition == 'plain' else condition}.0"
            second = second_scores(options.states, states, heads)
            for row in protocol.read_rows(os.path.join(folder, "protocol.tsv")):
                said = first.get(row["file"])
                if not said or said["model"] not in second:
                    continue
                scores = [second[said["model"]][part] for part in row["parts"].split(",")]
                about = {name: row[name] for name in ("label", "source", "seconds", "kind", "system")}
                parties.append(
                    Party(
                        **about,
                        split=split,
                        condition=condition,
                        model=said["model"],
                        first=said["llr"],
                        second=float(np.mean([score for score, _ in scores])),
                        coded=float(np.mean([coded for _, coded in scores])),
                        speech=said["speech_s"],
                        snr=said["snr_db"],
                    )
                )
    return parties


def kept(options: argparse.Namespace) -> list[Party]:
    """The parties of --keep, or gathered, and kept there."""
    if options.keep and os.path.exists(options.keep):
        return [Party(**values) for values in json.loads(Path(options.keep).read_text())]
    parties = gather(options)
    if options.keep:
        Path(options.keep).write_text(json.dumps([dataclasses.asdict(party) for party in parties]))
    return parties


def of_card(fit: Fusion, parties: Sequence[Party]) -> dict[str, Any]:
    """A fusion as the card has it."""
    b = fit.coefficients
    genuine = [value for value, party in zip(fit.llr, parties) if party.genuine]
    return {
        "first": list(b[:3]),
        "second": list(b[3:6]),
        "offset": list(b[6:]),
        "coding": fit.coding,
        "seconds": SECONDS,
        "snr_db": SNR,
        "operating_points": {"alarm_llr": fit.alarm, "clear_llr": fit.clear},
        "genuine_median": float(np.median(genuine)),
    }


def card(options: argparse.Namespace, fusions: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    def digest(name: str) -> str:
        return hashlib.sha256((Path(options.heads).parent / name).read_bytes()).hexdigest()

    return {
        "name": "second",
        "version": options.version,
        "fusions": fusions,
        "training": json.loads(options.training) | {"date": datetime.date.today().isoformat()},
        "metrics": {
            "command": "python -m bonafide_models.second_stage.fuse",
            "conditions": figures,
            "data": "splits dev and dev3, not trained on; each source by a fusion and points set on the others",
        },
        "encoder_sha256": digest("encoder.safetensors"),
        "spectra_sha256": digest("spectra.safetensors"),
        "safetensors_sha256": digest(Path(options.heads).name + ".safetensors"),
    }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("command", "states", "heads", "parties", "out"):
        parser.add_argument(name)
    parser.add_argument("--version", default="1")
    parser.add_argument("--keep", metavar="JSON", help="the parties with both scores, taken from there if it is there")
    parser.add_argument("--training", default="{}", help="JSON of counts")
    parser.add_argument(
        "--only",
        choices=MODELS,
        help="where something is new: the other model's fusion, and conditions that PARTIES lacks, stay as in OUT",
    )
    return parser.parse_args()


def main() -> None:
    options = parsed()
    torch.set_num_threads(1)
    parties = kept(options)
    fusions: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    if options.only:
        there = json.loads(Path(options.out).read_text())
        fusions, figures = there["fusions"], there["metrics"]["conditions"]
    for model, fit in fusion.judged(parties, parties)[1].items():
        if options.only not in (None, model):
            continue
        group = [party for party in parties if party.model == model]
        fusions[model] = of_card(fit, group)
        points = f"coding {fit.coding:.2f} alarm {fit.alarm:.2f} clear {fit.clear:.2f}"
        print(model, len(group), "parties", fit.coefficients.round(3), points)
    figures = figures | fusion.table(parties, fusion.cross_validated(parties))
    text = json.dumps(card(options, fusions, figures))
    rounded = json.loads(text, parse_float=lambda digits: float(f"{float(digits):.6g}"))
    Path(options.out).write_text(json.dumps(rounded, indent=1) + "\n")


if __name__ == "__main__":
    main()
