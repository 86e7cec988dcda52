"""Hold music to train on."""

from pathlib import Path

from bonafide_models.experiment import RecipeError

# What samples/hold-music is made of: left out.
OF_SAMPLES = ("macroform-robot_dity.wav", "reno_project-system.wav")


def pieces(folder: str | Path) -> list[str]:
    """Paths of the WAV files of a folder, but for those of samples/; none where the folder is ""."""
    if not str(folder):
        return []
    found = sorted(str(path) for path in Path(folder).glob("*.wav") if path.name not in OF_SAMPLES)
    if not found:
        raise RecipeError(f"no WAV file in {folder}: music is a folder of recordings without speech")
    return found
