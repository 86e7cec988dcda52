"""Decode the clips of protocol tables once, to one array, and send that array through real codecs.

python -m bonafide_models.data.corpus PROTOCOL [PROTOCOL …] CACHE [--rate 16000]

PROTOCOL  tab-separated with a header; the columns `file` (relative to the table), `label` (bonafide|spoof|codec),
          `system`, `source` and `split` (train|dev) are needed, `kind`, `speaker`, `language` and `source_rate` are
          used where they are there.
CACHE     a folder (about 6 GB for 15 hours), see data/clips.py
--rate    8000 (narrowband, the default; G.711, GSM, AMR-NB, G.726, Opus, Speex, MP3) or 16000 (wideband: G.722, Opus,
          Speex, MP3).
"""

import argparse
import os

from bonafide_models.data import clips
from bonafide_models.lines import codecs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", nargs="+")
    parser.add_argument("cache")
    parser.add_argument("--rate", type=int, choices=codecs.TRAINED, default=8000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    clips.make(options.cache, options.protocol, options.rate, options.jobs)


if __name__ == "__main__":
    main()
