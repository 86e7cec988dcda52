"""Results as rows, and as a Parquet file."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import bonafide

pa = pytest.importorskip("pyarrow", reason="there is no pyarrow")
parquet = pytest.importorskip("pyarrow.parquet", reason="there is no pyarrow")

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
COMMAND = pathlib.Path(os.environ.get("BONAFIDE_COMMAND", ROOT / ".build/release/bonafide"))
#: What a run is told apart by; lines of the command do not have it.
NOT_OF_COMMAND = ("options",)


def recordings() -> list[pathlib.Path]:
    return sorted(path for path in SAMPLES.iterdir() if path.suffix in (".wav", ".flac"))


def lines(*arguments: object) -> list[dict[str, object]]:
    run = subprocess.run([COMMAND, "scan", "--format", "jsonl", "-j", "1", *map(str, arguments)], capture_output=True, check=False)
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_a_file_has_a_row_for_each_party(tmp_path: pathlib.Path) -> None:
    detector = bonafide.Detector(fast=True, channel_names=["agent", "caller"], prior=0.2)
    results = [*detector.scan_many(recordings()), *detector.scan_many([tmp_path / "none.wav"])]
    assert bonafide.to_parquet(results, tmp_path / "out.parquet", detector=detector) == len(results)
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["path"] for row in rows] == [result.path for result in results for _ in result.parties or [None]]
    call = [row for row in rows if row["path"].endswith("call-agent-caller.ulaw.wav")]
    assert [(row["channel"], row["name"], row["file_verdict"]) for row in call] == [
        (1, "agent", "synthetic"), (2, "caller", "synthetic")]
    caller = next(result for result in results if result.path == call[0]["path"]).parties[1]
    assert call[1]["llr"] == pytest.approx(caller.llr, abs=0.0006) and call[1]["verdict"] == "synthetic"
    assert [segment["start_s"] for segment in call[1]["segments"]] == pytest.approx([s.start for s in caller.segments], abs=0.006)
    assert call[1]["engine_model_sha256"] == detector.model.sha256 and call[1]["prior"] == 0.2
    failed = rows[-1]
    assert failed["path"].endswith("none.wav") and failed["error"] == "no such file" and failed["channel"] is None
    assert failed["verdict"] is failed["file_verdict"] is failed["sample_rate_hz"] is failed["duration_s"] is None
    assert failed["warnings"] == [] and failed["segments"] is None


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_rows_are_the_command_s(tmp_path: pathlib.Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF\0\0\0\0WAVE")
    odd = tmp_path / os.fsdecode(b"caf\xe9 100%.wav")
    odd.write_bytes((SAMPLES / "genuine-es.gsm.wav").read_bytes())
    paths = [*recordings(), bad, odd, tmp_path / "none.wav"]
    detector = bonafide.Detector(fast=True)
    bonafide.to_parquet(detector.scan_many(paths, jobs=1), tmp_path / "package.parquet", detector=detector)
    bonafide.to_parquet(lines("--fast", *paths), tmp_path / "command.parquet")
    package, command = (
        sorted(parquet.read_table(tmp_path / name).drop_columns(list(NOT_OF_COMMAND)).to_pylist(), key=key)
        for name in ("package.parquet", "command.parquet"))
    assert package == command
    odd_row = command[[row["path"].endswith("/caf\ufffd 100%.wav") for row in command].index(True)]
    assert odd_row["path_bytes"].endswith("/caf%E9%20100%25.wav") and odd_row["error"] is None
    assert {row["error"] for row in command if row["channel"] is None} > {"no such file"}


def key(row: dict[str, object]) -> tuple[object, object]:
    return row["path"], row["channel"] or 0


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_rows_of_a_ledger_are_the_table(tmp_path: pathlib.Path) -> None:
    from pyarrow import json as arrow_json

    from bonafide._table import SCHEMA

    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF\0\0\0\0WAVE")
    ledger = tmp_path / "state.sqlite"
    lines("--fast", "--ledger", ledger, *recordings()[:4], bad)
    for form, name in (("jsonl", "lines.jsonl"), ("parquet-ready", "rows.jsonl")):
        subprocess.run([COMMAND, "ledger", "export", ledger, "--format", form, "-o", tmp_path / name], check=True)
    kept = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    bonafide.to_parquet(kept, tmp_path / "out.parquet")
    rows = arrow_json.read_json(tmp_path / "rows.jsonl", parse_options=arrow_json.ParseOptions(explicit_schema=SCHEMA))
    assert rows.column_names == SCHEMA.names and rows.num_rows > 5
    assert rows.to_pylist() == parquet.read_table(tmp_path / "out.parquet").to_pylist()
    # Without a schema, too, each column has its kind.
    guessed = arrow_json.read_json(tmp_path / "rows.jsonl").schema
    assert {guessed.field(name).type for name in ("duration_s", "bandwidth_hz", "llr", "flagged_s")} == {pa.float64()}


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_stages_are_the_command_s(tmp_path: pathlib.Path) -> None:
    (line,) = lines(SAMPLES / "synthetic-espeak.gsm.wav")
    bonafide.to_parquet([line], tmp_path / "out.parquet")
    (row,) = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    stages = line["channels"][0]["stages"]
    assert {name: row[name] for name in stages} == stages and None not in stages.values()
    detector = bonafide.Detector()
    bonafide.to_parquet(detector.scan_many([SAMPLES / "synthetic-espeak.gsm.wav"]), tmp_path / "package.parquet", detector=detector)
    assert parquet.read_table(tmp_path / "package.parquet").drop_columns(list(NOT_OF_COMMAND)).to_pylist() == [
        {name: value for name, value in row.items() if name not in NOT_OF_COMMAND}]
    assert row["engine_second_stage_sha256"] == line["engine"]["second_stage_sha256"] != None  # noqa: E711
    stage = detector.second_stage
    assert stage is not None and (stage.name, stage.sha256) == (row["engine_second_stage"], row["engine_second_stage_sha256"])


def test_a_file_is_there_when_it_is_whole(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "out.parquet"
    path.write_text("older")

    def results():  # type: ignore[no-untyped-def]
        yield from bonafide.Detector(fast=True).scan_many(recordings()[:1])
        raise KeyError("no more")

    with pytest.raises(KeyError):
        bonafide.to_parquet(results(), path)
    assert path.read_text() == "older" and os.listdir(tmp_path) == ["out.parquet"]
    assert bonafide.to_parquet([], path) == 0
    assert parquet.read_table(path).num_rows == 0


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg")
def test_contents_are_what_files_are(tmp_path: pathlib.Path) -> None:
    from bonafide._screening import Screening

    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", SAMPLES / "genuine-en.ulaw.wav", tmp_path / "call.m4a"], check=True)
    paths = [str(tmp_path / "call.m4a"), *map(str, recordings()[:2]), str(SAMPLES / "expected.tsv")]
    screening = Screening.of(fast=True, channel_names=["agent"])
    by_path = screening.table(pa.table({"path": paths}))
    contents = [pathlib.Path(path).read_bytes() for path in paths]
    assert screening.table(pa.table({"path": paths, "content": contents})) == by_path
    assert by_path["format"].to_pylist()[0] == "FFMPEG/AAC" and by_path["error"].to_pylist()[-1] == "the content is text, not audio"
    assert pa.concat_tables(screening.tables(pa.table({"path": paths}), apart=True)) == by_path
    assert not [name for name in os.listdir("/proc/self/fd") if "memfd:" in os.path.realpath(f"/proc/self/fd/{name}")]


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_lines_of_json_become_parquet(tmp_path: pathlib.Path) -> None:
    found = lines("--fast", *recordings()[:3])
    text = "".join(json.dumps(line) + "\n" for line in found)
    module = ["env", f"PYTHONPATH={ROOT / 'Bindings/python/src'}", sys.executable, "-m", "bonafide.parquet"]
    run = subprocess.run([*module, "-", tmp_path / "out.parquet"], input=text, text=True, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert {row["path"]: row["duration_s"] for row in parquet.read_table(tmp_path / "out.parquet").to_pylist()} == {
        line["path"]: line["duration_s"] for line in found}
    for wrong, told in ((text + "{", "line 4 is no JSON"), ('{"a": 1}\n', "line 1 is no result of bonafide scan")):
        (tmp_path / "wrong.jsonl").write_text(wrong)
        run = subprocess.run([*module, tmp_path / "wrong.jsonl", tmp_path / "no.parquet"], text=True, capture_output=True, check=False)
        assert run.returncode == 2 and told in run.stderr and not (tmp_path / "no.parquet").exists()
