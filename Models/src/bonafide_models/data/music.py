"""Music that Debian packages, to learn by, and to count by, what is taken for speech where nobody speaks.

python -m bonafide_models.data.music PACKAGES OUT

Of each piece that is longer than LEAST_S a minute and a half: of games, most of it without a voice, and with many
instruments and styles where hold music has few. OUT/train is for the setting `music` of a recipe. OUT/held-out has the
packages of HELD_OUT, which nothing is trained on.

PACKAGES  a folder in which each package lies unpacked in a folder of its name (main section, Debian 12):
            for p in NAMES; do apt-get download $p; dpkg-deb -x ${p}_*.deb PACKAGES/$p; done
          NAMES: those of the tables TRAIN and HELD_OUT below
OUT       WAV at 16 kHz, mono
"""

import argparse
import subprocess
from collections.abc import Sequence
from pathlib import Path

TRAIN = (
    "asc-music",
    "asterisk-moh-opsound-wav",
    "btanks-data",
    "colobot-common-sounds",
    "drascula-music",
    "fillets-ng-data",
    "frozen-bubble-data",
    "hyperrogue-music",
    "supertux-data",
    "unknown-horizons",
    "warzone2100-music",
)
HELD_OUT = ("wesnoth-1.16-music", "xmoto-data")
ENDINGS = (".ogg", ".opus", ".mp3", ".wav")
# A song; speech and noises; sounds of places.
LEFT_OUT = ("tux_rap", "/sound/", "lumberjack", "windmill", "chapel", "warehouse")
RATE, FIRST_S, LENGTH_S, LEAST_S = 16000, 5, 90, 15


def pieces(folder: Path) -> list[Path]:
    """Sound files of a package that may be music, at any depth; one of each name."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in ENDINGS and path.is_file())
    heard = (path for path in found if not any(word in str(path.relative_to(folder)) for word in LEFT_OUT))
    return sorted({path.stem: path for path in heard}.values())


def cut(path: Path, out: Path) -> bool:
    """Writes a minute and a half of a piece; nothing where it is too short, or cannot be read."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-ss", str(FIRST_S), "-t", str(LENGTH_S), "-i", str(path)]
    run = subprocess.run([*command, "-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le", str(out)], capture_output=True)
    if run.returncode == 0 and out.stat().st_size > 2 * RATE * (LEAST_S - FIRST_S):
        return True
    out.unlink(missing_ok=True)
    return False


def write(packages: Path, names: Sequence[str], out: Path) -> int:
    """Cuts the music of some packages; the number of pieces."""
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name in names:
        if not (packages / name).is_dir():
            raise SystemExit(f"{packages / name}: no such folder; unpack the package there")
        # Debian's hold music keeps its names, by which training.music leaves out what samples/ has.
        prefix = "" if name.startswith("asterisk") else f"{name}-"
        count += sum(cut(path, out / f"{prefix}{path.stem}.wav") for path in pieces(packages / name))
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    for name, names in (("train", TRAIN), ("held-out", HELD_OUT)):
        print(f"{name}: {write(arguments.packages, names, arguments.out / name)} pieces")


if __name__ == "__main__":
    main()
