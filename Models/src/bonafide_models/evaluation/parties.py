"""Join the clips of one voice to parties of some seconds, to see what more speech brings.

python -m bonafide_models.evaluation.parties PROTOCOL OUT --seconds 4,12,30 [--gap 0.4]

PROTOCOL as evaluation.degrade writes it, or the corpus's own. Clips of a speaker (genuine) or of a generator and target
voice (synthetic) of one source follow one another, with a pause between them, until a party has so many seconds; a clip
is in one party of a length. 4 stands for the clips as they are. Writes OUT/SECONDS/NNNNN.flac and OUT/protocol.tsv,
with the columns `seconds` and `parts`, the clips' paths without suffix.
"""

import argparse
import os
from collections.abc import Sequence

import numpy as np
import soundfile

from bonafide_models.arrays import Floats, Row
from bonafide_models.data import protocol


def joined(rows: Sequence[Row], seconds: float) -> list[list[Row]]:
    """Rows of each party."""
    if seconds <= 4:
        return [[row] for row in rows]
    voices: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        system = "-" if row["label"] == "bonafide" else row["system"]
        voices.setdefault((row["source"], row["label"], system, row.get("speaker", "-")), []).append(row)
    parties = []
    for members in voices.values():
        part: list[Row] = []
        for row in members:
            part.append(row)
            if sum(float(r["duration_s"]) for r in part) >= seconds:
                parties.append(part)
                part = []
    return parties


def write(folder: str, name: str, root: str, part: Sequence[Row], gap: float) -> Row:
    """Writes a party; its row."""
    pieces: list[Floats] = []
    rate = 0
    for row in part:
        x, rate = soundfile.read(os.path.join(root, row["file"]), dtype="float32", always_2d=True)
        pieces += [x[:, 0], np.zeros(round(gap * rate), np.float32)]
    samples = np.concatenate(pieces[:-1])
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    parts = ",".join(protocol.stem(row["file"]) for row in part)
    return part[0] | {"file": name, "duration_s": f"{len(samples) / rate:.2f}", "parts": parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol")
    parser.add_argument("out")
    parser.add_argument("--seconds", default="4,12,30")
    parser.add_argument("--split")
    parser.add_argument("--gap", type=float, default=0.4)
    o = parser.parse_args()
    root = os.path.dirname(os.path.abspath(o.protocol))
    rows = [row for row in protocol.read_rows(o.protocol, o.split) if row["label"] in ("bonafide", "spoof")]
    out = []
    for seconds in map(float, o.seconds.split(",")):
        for k, part in enumerate(joined(rows, seconds)):
            part[0] = part[0] | {"seconds": f"{seconds:g}"}
            out.append(write(o.out, f"{seconds:g}/{k:05d}.flac", root, part, o.gap))
    protocol.write_rows(os.path.join(o.out, "protocol.tsv"), out)


if __name__ == "__main__":
    main()
