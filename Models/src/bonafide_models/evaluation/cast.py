"""Who can speak in a simulated call: the clips of one speaker, or of one generator and target voice, of one source."""

import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bonafide_models import sound
from bonafide_models.arrays import Row, Samples
from bonafide_models.evaluation import splices
from bonafide_models.lines.line_sounds import RATE

LEAST_SPEECH = 10  # s a party
MOST_CLIPS = 50  # s a party: two of them fit into a call of three minutes
ENOUGH_STRETCHES = 10  # s of synthetic stretches after which a party gets no more
BEFORE, AFTER = 0.03, 0.05  # s kept around the speech of a clip
FADE = 0.01  # s at the ends of a clip


@dataclass
class Utterance:
    samples: Samples
    synthetic: list[tuple[int, int]]
    """(start, stop) of the synthetic stretches, in samples."""


@dataclass
class Party:
    kind: str
    """genuine, synthetic, spliced"""
    voice: "Voice"
    """Of the speaker, or of the generator of a synthetic party."""
    utterances: list[Utterance]
    insert: "Voice | None" = None
    method: str = "-"
    """Of splices.METHODS."""

    @property
    def speech(self) -> float:
        return sum(sound.speech_seconds(u.samples, RATE) for u in self.utterances)

    @property
    def synthetic(self) -> float:
        return sum(stop - start for u in self.utterances for start, stop in u.synthetic) / RATE


class Voice:
    """All clips of one speaker, or of one generator and target voice; `seconds` of sound that the table promises."""

    def __init__(self, label: str, source: str, system: str, speaker: str, language: str) -> None:
        self.label, self.source, self.system, self.speaker, self.language = label, source, system, speaker, language
        self.paths: list[str] = []
        self.seconds, self.uses = 0.0, 0

    @functools.cached_property
    def clips(self) -> list[Samples]:
        """Decoded clips without the silence at their ends, up to MOST_CLIPS; empty ones left out."""
        clips: list[Samples] = []
        total = 0
        for path in self.paths:
            clip = spoken_part(sound.decode(path, RATE)).astype(np.float32)
            total += len(clip)
            if total > MOST_CLIPS * RATE:
                break
            if len(clip):
                clips.append(clip)
        return clips

    @functools.cached_property
    def suffices(self) -> bool:
        return self.seconds >= LEAST_SPEECH and sum(sound.speech_seconds(c, RATE) for c in self.clips) >= LEAST_SPEECH


def spoken_part(x: Samples) -> Samples:
    """From shortly before the first speech to shortly after the last, faded at the ends."""
    spoken = sound.runs(sound.speech_frames(x, RATE))
    if not spoken:
        return x[:0]
    start, stop = (round(frame * sound.HOP * RATE) for frame in (spoken[0][0], spoken[-1][1]))
    x = x[max(0, start - round(BEFORE * RATE)) : stop + round(AFTER * RATE)]
    n = np.arange(len(x))
    return x * np.minimum(1, np.minimum(n, n[::-1]) / (FADE * RATE))


class Cast:
    """All voices of a protocol table. Clips whose speaker is not known (`-`) cannot be told apart and are left out; so
    are edited ones (kind `edit`), which are synthetic in places that the table does not tell."""

    def __init__(self, rows: Sequence[Row], folder: str) -> None:
        voices: dict[tuple[str, str, str, str], Voice] = {}
        for r in rows:
            key = r["label"], r["source"], r["system"], r.get("speaker", "-")
            if key[0] in ("bonafide", "spoof") and key[3] != "-" and r.get("kind") != "edit":
                voice = voices.setdefault(key, Voice(*key, r.get("language", "-")))
                voice.paths.append(os.path.join(folder, r["file"]))
                voice.seconds += float(r.get("duration_s", "inf"))
        self.voices = {label: [v for v in voices.values() if v.label == label] for label in ("bonafide", "spoof")}

    def pick(
        self, label: str, rng: np.random.Generator, nearness: Callable[[Voice], int], suits: Callable[[Voice], bool]
    ) -> Voice:
        """Of the voices that suit the nearest, of those the least used, of those one by chance."""
        voices: list[Voice] = [self.voices[label][i] for i in rng.permutation(len(self.voices[label]))]
        for voice in sorted(voices, key=lambda v: (-nearness(v), v.uses)):
            if suits(voice):
                voice.uses += 1
                return voice
        sys.exit(f"the table has no {label} voice of a known speaker with {LEAST_SPEECH} s of speech")

    def party(self, kind: str, rng: np.random.Generator, other: Party | None = None) -> Party:
        """A party of this kind; beside `other`, if it can be, another speaker of the same language."""

        def beside(v: Voice) -> int:
            return 0 if other is None else (v.speaker != other.voice.speaker) * 2 + (v.language == other.voice.language)

        voice = self.pick("spoof" if kind == "synthetic" else "bonafide", rng, beside, lambda v: v.suffices)
        if kind == "spliced":
            return self.with_stretches(voice, rng)
        return Party(kind, voice, [Utterance(c, [(0, len(c))] if kind == "synthetic" else []) for c in voice.clips])

    def with_stretches(self, voice: Voice, rng: np.random.Generator) -> Party:
        """Synthetic stretches in up to half of the utterances, of a voice as near as there is: same speaker, source,
        language."""

        def like(v: Voice) -> int:
            return (
                ((v.source, v.speaker) == (voice.source, voice.speaker)) * 4
                + (v.source == voice.source) * 2
                + (v.language == voice.language)
            )

        insert = self.pick("spoof", rng, like, lambda v: sum(map(len, v.clips)) >= splices.LEAST * RATE)
        party = Party(
            "spliced", voice, [Utterance(c, []) for c in voice.clips], insert, str(rng.choice(list(splices.METHODS)))
        )
        most = max(1, len(party.utterances) // 2)
        for i in rng.permutation(len(party.utterances))[: rng.integers(1, most + 1)]:
            if party.synthetic < ENOUGH_STRETCHES:
                material = [insert.clips[k] for k in rng.permutation(len(insert.clips))]
                samples, start, stop = splices.spliced(party.utterances[i].samples, material, party.method, RATE, rng)
                party.utterances[i] = Utterance(samples, [(start, stop)])
        return party
