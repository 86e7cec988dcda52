import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bonafide_models.data import music


def tone(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.sin(np.arange(int(seconds * 8000)) * 0.3), 8000)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_pieces_of_packages_are_cut(tmp_path: Path) -> None:
    packages, out = tmp_path / "packages", tmp_path / "out"
    tone(packages / "game" / "usr" / "song.wav", 120)
    tone(packages / "game" / "usr" / "other" / "song.wav", 120)
    tone(packages / "game" / "usr" / "beep.wav", 3)
    tone(packages / "game" / "usr" / "sound" / "speech.wav", 60)
    tone(packages / "asterisk-moh" / "hold.wav", 30)
    (packages / "game" / "broken.ogg").write_bytes(b"OggS")
    assert music.write(packages, ["game", "asterisk-moh"], out) == 2
    assert sorted(path.name for path in out.iterdir()) == ["game-song.wav", "hold.wav"]
    information = soundfile.info(out / "game-song.wav")
    assert (information.samplerate, information.channels, information.frames) == (16000, 1, 90 * 16000)


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no-such-package: no such folder"):
        music.write(tmp_path, ["no-such-package"], tmp_path / "out")


def test_nothing_is_in_both_parts() -> None:
    assert not set(music.TRAIN) & set(music.HELD_OUT)
