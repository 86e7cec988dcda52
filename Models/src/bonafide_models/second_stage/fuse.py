"""Fit how the scores of both stages come together, and where verdicts change:

python -m bonafide_models.second_stage.fuse BONAFIDE PARTIES OUT

BONAFIDE  the command, with the models that are fused; what its JSON has under `stages` depends on no fusion
PARTIES   folder with SPLIT/CONDITION/protocol.tsv, as evaluation.parties makes them of what evaluation.degrade made
OUT       the card, Models/second.json, beside the weights

Coefficients by weighted logistic regression: each condition, length and class counts the same, but loud noise a tenth
of that. Evidence against a voice counts less the more its speech is coded, by as much as lets the most synthetic
parties be flagged. Alarm point: 1 % of the genuine parties flagged, of all lengths, under the condition where it is
most; clear point: 5 % of the synthetic ones cleared, on average over conditions and lengths. All on dev and dev3, which
nothing was trained on. The figures are cross-validated: sources in five folds, the parties of each by a fusion and
points that were fitted on the other four.
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

from bonafide_models.arrays import Row
from bonafide_models.data import protocol
from bonafide_models.second_stage import fusion
from bonafide_models.second_stage.fusion import MODELS, SECONDS, SNR, SPLITS, Fusion, Party


def heard(command: str, folder: str) -> dict[str, dict[str, Any]]:
    """What both stages of the program say of the first party of each recording of a folder, by path."""
    arguments = [command, "scan", "--format", "jsonl", "-j", "1", folder]
    run = subprocess.run(arguments, capture_output=True, text=True)
    if run.returncode > 1:
        raise SystemExit(f"{folder}: {(run.stderr.splitlines() or [f'status {run.returncode}'])[-1]}")
    out = {}
    for line in run.stdout.splitlines():
        recording = json.loads(line)
        party = recording["channels"][0] if recording["channels"] else None
        if party and party.get("stages", {}).get("second_score") is not None:
            out[os.path.relpath(recording["path"], folder)] = party
    return out


def gather(options: argparse.Namespace) -> list[Party]:
    """All parties of PARTIES that both stages judged."""
    parties = []
    for split in SPLITS:
        if not os.path.isdir(os.path.join(options.parties, split)):
            raise SystemExit(f"{options.parties}: has no folder {split}; evaluation.parties makes it")
        for condition in sorted(os.listdir(os.path.join(options.parties, split))):
            folder = os.path.join(options.parties, split, condition)
            said = heard(options.command, folder)
            for row in protocol.read_rows(os.path.join(folder, "protocol.tsv")):
                if row["file"] in said:
                    parties.append(party_of(row, said[row["file"]], split, condition))
    return parties


def party_of(row: Row, said: Mapping[str, Any], split: str, condition: str) -> Party:
    """Of a row of a table and a channel of the program's JSON."""
    stages, noise = said["stages"], said["snr_db"]
    return Party(
        **{name: row[name] for name in ("label", "source", "seconds", "kind", "system")},
        split=split,
        condition=condition,
        model=said["model"],
        first=stages["first_llr"],
        second=stages["second_score"],
        coded=stages["coded"],
        speech=said["speech_s"],
        snr=SNR[1] if noise is None else noise,
    )


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
        return hashlib.sha256((Path(options.out).parent / name).read_bytes()).hexdigest()

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
        "safetensors_sha256": digest("second.safetensors"),
    }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("command", "parties", "out"):
        parser.add_argument(name)
    parser.add_argument("--version", default="1")
    parser.add_argument("--keep", metavar="JSON", help="the parties with both scores, taken from there if it is there")
    parser.add_argument("--training", default="{}", help="JSON of counts")
    parser.add_argument(
        "--only",
        choices=MODELS,
        help="of the parties that this model judges; the other one's fusion, and conditions that PARTIES lacks, stay",
    )
    return parser.parse_args()


def main() -> None:
    options = parsed()
    parties = [party for party in kept(options) if options.only in (None, party.model)]
    fusions: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    if options.only:
        there = json.loads(Path(options.out).read_text())
        fusions, figures = there["fusions"], there["metrics"]["conditions"]
    for model, fit in fusion.judged(parties, parties)[1].items():
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
