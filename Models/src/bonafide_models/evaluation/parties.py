"""Join the clips of one voice to parties of some seconds, to see what more speech brings.

parties.py PROTOCOL OUT --seconds 4,12,30 [--gap 0.4]

PROTOCOL as degrade.py writes it, or the corpus's own. Clips of a speaker (genuine) or of a generator and target voice
(synthetic) of one source follow one another, with a pause between them, until a party has so many seconds; a clip is in
one party of a length. 4 stands for the clips as they are. Writes OUT/SECONDS/NNNNN.flac and OUT/protocol.tsv, with the
columns `seconds` and `parts`, the clips' paths without suffix.
"""

import argparse
import csv
import os

import numpy as np
import soundfile


def joined(rows, seconds):
    """Lists of rows."""
    if seconds <= 4:
        return [[r] for r in rows]
    voices, out = {}, []
    for r in rows:
        voice = r.get("speaker", "-") if r["label"] == "bonafide" else (r["system"], r.get("speaker", "-"))
        voices.setdefault((r["source"], r["label"], voice), []).append(r)
    for members in voices.values():
        part = []
        for r in members:
            part.append(r)
            if sum(float(p["duration_s"]) for p in part) >= seconds:
                out.append(part)
                part = []
    return out


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("protocol")
    a.add_argument("out")
    a.add_argument("--seconds", default="4,12,30")
    a.add_argument("--split")
    a.add_argument("--gap", type=float, default=0.4)
    o = a.parse_args()
    root = os.path.dirname(os.path.abspath(o.protocol))
    table = csv.DictReader(open(o.protocol), delimiter="\t", quoting=csv.QUOTE_NONE)
    rows = [r for r in table if r["label"] in ("bonafide", "spoof") and (not o.split or r["split"] == o.split)]
    out = []
    for seconds in map(float, o.seconds.split(",")):
        folder = f"{seconds:g}"
        os.makedirs(os.path.join(o.out, folder), exist_ok=True)
        for k, part in enumerate(joined(rows, seconds)):
            pieces = []
            for r in part:
                x, rate = soundfile.read(os.path.join(root, r["file"]), dtype="float32", always_2d=True)
                pieces += [x[:, 0], np.zeros(round(o.gap * rate), np.float32)]
            name = f"{folder}/{k:05d}.flac"
            soundfile.write(os.path.join(o.out, name), np.concatenate(pieces[:-1]), rate, subtype="PCM_16")
            parts = ",".join(os.path.splitext(r["file"])[0] for r in part)
            out.append(
                dict(
                    part[0],
                    file=name,
                    seconds=folder,
                    duration_s=f"{sum(map(len, pieces[:-1])) / rate:.2f}",
                    parts=parts,
                )
            )
    with open(os.path.join(o.out, "protocol.tsv"), "w") as f:
        w = csv.DictWriter(f, list(out[0]), delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        w.writeheader()
        w.writerows(out)


if __name__ == "__main__":
    main()
