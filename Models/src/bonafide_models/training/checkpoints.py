"""How far a run is, in a file that a stopped one goes on from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch


class Stateful(Protocol):
    """A network or an optimiser."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Any) -> Any: ...


@dataclass
class Progress:
    step: int = 0
    spent: float = 0.0
    """Seconds."""


def path_in(run: str | Path) -> Path:
    return Path(run) / "checkpoint.pt"


def save(run: str | Path, parts: Mapping[str, Stateful], progress: Progress) -> None:
    """Writes the checkpoint of a run; it is there whole or not at all."""
    path = path_in(run)
    part = path.with_suffix(".pt.part")
    states = {name: value.state_dict() for name, value in parts.items()}
    torch.save({**states, "step": progress.step, "spent": progress.spent}, part)
    os.replace(part, path)


def resume(run: str | Path, parts: Mapping[str, Stateful]) -> Progress:
    """Loads the checkpoint of a run into its parts, if there is one."""
    path = path_in(run)
    if not path.exists():
        return Progress()
    saved = torch.load(path)
    for name, value in parts.items():
        value.load_state_dict(saved[name])
    return Progress(saved["step"], saved["spent"])
