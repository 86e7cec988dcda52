"""What the fusion of both stages is fitted on is what the program says."""

import argparse
import json

import pytest

from bonafide_models.data import protocol
from bonafide_models.second_stage import fuse
from bonafide_models.second_stage.fusion import SNR


def channel(first, second, coded, **others):
    stages = {"first_llr": first, "second_score": second, "coded": coded}
    return {"model": "narrowband", "speech_s": 3.5, "snr_db": 12.5, "stages": stages} | others


@pytest.fixture
def parties(tmp_path):
    """Two splits of one condition, four recordings each, and a command that says what SPOKEN says of them."""
    for split in ("dev", "dev3"):
        rows = [
            {"file": f"4/{k}.flac", "label": label, "system": "-", "source": "page", "split": split}
            | {"kind": "read", "seconds": "4", "parts": str(k)}
            for k, label in enumerate(("bonafide", "spoof", "spoof", "bonafide"))
        ]
        folder = tmp_path / "parties" / split / "ulaw"
        folder.mkdir(parents=True)
        protocol.write_rows(str(folder / "protocol.tsv"), rows)
    command = tmp_path / "bonafide"
    command.write_text('#!/bin/sh\nfor folder; do :; done\nsed "s|FOLDER|$folder|" "$(dirname "$0")/said"\nexit 1\n')
    command.chmod(0o755)
    said = [
        [channel(1.25, 0.5, 0.125), channel(9, 9, 1)],
        [channel(-2, -1, 0, snr_db=None, model="wideband")],
        [channel(0.5, None, None)],
        [],
    ]
    lines = [json.dumps({"path": f"FOLDER/4/{k}.flac", "channels": channels}) for k, channels in enumerate(said)]
    (tmp_path / "said").write_text("\n".join(lines) + "\n")
    return argparse.Namespace(command=str(command), parties=str(tmp_path / "parties"), keep=str(tmp_path / "kept.json"))


def test_parties_are_what_the_program_says_of_their_first_channel(parties):
    found = fuse.kept(parties)
    assert [(p.split, p.label, p.model, p.condition) for p in found] == [
        (split, label, model, "ulaw")
        for split in ("dev", "dev3")
        for label, model in (("bonafide", "narrowband"), ("spoof", "wideband"))
    ]
    genuine, synthetic = found[:2]
    assert (genuine.first, genuine.second, genuine.coded, genuine.speech, genuine.snr) == (1.25, 0.5, 0.125, 3.5, 12.5)
    assert synthetic.snr == SNR[1]
    (parties.command, told) = ("/nowhere", found)
    assert fuse.kept(parties) == told


def test_a_command_that_fails_is_named(parties, tmp_path):
    (tmp_path / "bonafide").write_text("#!/bin/sh\necho 'bonafide: no model' >&2\nexit 2\n")
    with pytest.raises(SystemExit, match="bonafide: no model"):
        fuse.gather(parties)


def test_a_folder_that_is_not_there_is_named(parties, tmp_path):
    parties.parties = str(tmp_path / "none")
    with pytest.raises(SystemExit, match="none: has no folder dev"):
        fuse.gather(parties)
