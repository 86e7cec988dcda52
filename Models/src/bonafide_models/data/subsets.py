"""Parts of a cache, for learning curves: what more data would bring is read from what less data costs.

python -m bonafide_models.data.subsets CACHE FOLDER [--shares 0.25 0.5] [--seed 0]

FOLDER/sources-25, FOLDER/clips-25 …: caches with that share of the training sources, or of the clips of every source;
dev is whole. A copy stays with its original, and smaller parts lie inside larger ones.
"""

import argparse
import zlib
from pathlib import Path

from bonafide_models.arrays import Row
from bonafide_models.data.clips import Cache, derive


def place(name: str, seed: int) -> float:
    """From 0 to 1, the same each time: a part of share s has what lies below s."""
    return zlib.crc32(f"{seed} {name}".encode()) / 2**32


def unit(row: Row, by: str) -> str:
    """What is in a part or not as a whole."""
    column = "source" if by == "sources" else "note" if row["kind"] == "copy" else "file"
    return str(row[column])


def part(rows: list[Row], by: str, share: float, seed: int) -> list[Row]:
    return [row for row in rows if row["split"] != "train" or place(unit(row, by), seed) < share]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache")
    parser.add_argument("folder")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5])
    parser.add_argument("--seed", type=int, default=0)
    o = parser.parse_args()
    rows = Cache(o.cache).rows
    for by in ("sources", "clips"):
        for share in o.shares:
            kept = part(rows, by, share, o.seed)
            derive(o.cache, Path(o.folder) / f"{by}-{round(100 * share)}", kept)
            train = [row for row in kept if row["split"] == "train" and row["label"] != "codec"]
            sources = {row["source"] for row in train}
            spoofs = {row["system"] for row in train if row["label"] == "spoof"}
            print(f"{by} {share}: {len(train)} clips, {len(sources)} sources, {len(spoofs)} generators")


if __name__ == "__main__":
    main()
