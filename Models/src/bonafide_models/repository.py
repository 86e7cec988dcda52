"""Where the repository lies that this package is part of: golden files and samples are read and written there."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
