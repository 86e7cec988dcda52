"""Parts of a cache that corpus.py made, for learning curves: what more data would bring is read from what less data
costs.

  subsets.py CACHE FOLDER [--shares 0.25 0.5] [--seed 0]   FOLDER/sources-25, FOLDER/clips-25 …: caches for train.py
  with that share of
                                                           the training sources, or of the clips of every source; dev is
                                                           whole

A copy stays with its original, and smaller parts lie inside larger ones.
"""

import argparse
import json
import os
import zlib


def place(name, seed):
    """From 0 to 1, the same each time: a part of share s has what lies below s."""
    return zlib.crc32(f"{seed} {name}".encode()) / 2**32


def unit(row, by):
    if by == "sources":
        return row["source"]
    return row["note"] if row["kind"] == "copy" else row["file"]


def part(rows, by, share, seed):
    return [r for r in rows if r["split"] != "train" or place(unit(r, by), seed) < share]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("cache")
    a.add_argument("folder")
    a.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5])
    a.add_argument("--seed", type=int, default=0)
    o = a.parse_args()
    rows = json.load(open(os.path.join(o.cache, "rows.json")))
    for by in ("sources", "clips"):
        for share in o.shares:
            path = os.path.join(o.folder, f"{by}-{round(100 * share)}")
            os.makedirs(path, exist_ok=True)
            for name in os.listdir(o.cache):
                if name != "rows.json" and not os.path.lexists(os.path.join(path, name)):
                    os.symlink(os.path.abspath(os.path.join(o.cache, name)), os.path.join(path, name))
            kept = part(rows, by, share, o.seed)
            json.dump(kept, open(os.path.join(path, "rows.json"), "w"))
            train = [r for r in kept if r["split"] == "train" and r["label"] != "codec"]
            spoofs = {r["system"] for r in train if r["label"] == "spoof"}
            print(
                f"{by} {share}: {len(train)} clips, {len({r['source'] for r in train})} sources, "
                f"{len(spoofs)} generators"
            )


if __name__ == "__main__":
    main()
