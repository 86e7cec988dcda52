"""A row of figures a condition, for the tables of README and card:

python -m bonafide_models.evaluation.table BONAFIDE OUT [CONDITION …]

OUT is what evaluation.degrade wrote; without conditions all that are there. Runs `BONAFIDE evaluate` on each, without
intervals.
"""

import argparse
import json
import os
import subprocess

FIGURES = ("eer", "matched_eer", "line_eer", "miss_at_1pct_fa")


def row(bonafide: str, folder: str) -> list[str]:
    report = subprocess.run(
        [
            bonafide,
            "evaluate",
            os.path.join(folder, "protocol.tsv"),
            "--audio",
            folder,
            "--bootstrap",
            "0",
            "--format",
            "json",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    figures = json.loads(report)["figures"]
    return [
        "–" if name not in figures or figures[name]["value"] is None else f"{100 * figures[name]['value']:.1f}"
        for name in FIGURES
    ]


def main() -> None:
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("bonafide")
    a.add_argument("out")
    a.add_argument("condition", nargs="*")
    o = a.parse_args()
    there = sorted(d for d in os.listdir(o.out) if os.path.exists(os.path.join(o.out, d, "protocol.tsv")))
    print(
        "| condition | EER pooled | EER source-matched | line test EER | missed at 1 % false alarms |\n"
        "|---|---|---|---|---|"
    )
    for condition in o.condition or there:
        print("|", " | ".join([condition, *row(o.bonafide, os.path.join(o.out, condition))]), "|", flush=True)


if __name__ == "__main__":
    main()
