"""Spark, on two executors, some of whose processes are killed."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import spark_session as cluster

import bonafide

pytest.importorskip("pyspark", reason="there is no PySpark")
pytest.importorskip("pyarrow", reason="there is no pyarrow")
if shutil.which("java") is None:
    pytest.skip("there is no Java", allow_module_level=True)

from bonafide import _spark_command, spark  # noqa: E402

CALL = "call-agent-caller.ulaw.wav"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    tmp = tmp_path_factory.mktemp("spark")
    (tmp / "viewed").mkdir()
    session = cluster.cluster(tmp)
    session.viewed = tmp / "viewed"
    yield session
    session.stop()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Rows of the samples by name, without their paths, as one process has them."""
    from bonafide._table import rows

    detector = bonafide.Detector(fast=True)
    return {
        path.name: [row_of_party(row) for row in rows(detector.scan(path), {})] for path in cluster.recordings()
    }


def row_of_party(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("channel", "verdict", "file_verdict", "reason", "llr", "flagged_s", "duration_s", "strength")}


def rows_of(session: Any, output: pathlib.Path) -> list[dict[str, Any]]:
    return [row.asDict(recursive=True) for row in session.read.parquet(str(output)).collect()]


def assert_whole(rows: list[dict[str, Any]], folder: pathlib.Path, expected: dict[str, list[dict[str, Any]]]) -> None:
    """Each recording of a folder of copies has its rows, and has them once."""
    by_path: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_path.setdefault(row["path"], []).append(row)
    assert sorted(by_path) == sorted(map(str, folder.iterdir()))
    for path, found in by_path.items():
        found.sort(key=lambda row: row["channel"])
        assert [row_of_party(row) for row in found] == expected[pathlib.Path(path).name.split(" ")[-1]]


def test_paths_become_rows(session: Any, expected: dict[str, list[dict[str, Any]]], tmp_path: pathlib.Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF\0\0\0\0WAVE")
    sample = cluster.SAMPLES / CALL
    paths = [str(sample), f"file:{sample}", f"file://{sample}", str(bad), str(tmp_path / "none.wav"), "s3a://calls/a.wav", None]
    frame = session.createDataFrame([(path, 7) for path in paths], "recording string, id int").repartition(3)
    rows = spark.screen(frame, path="recording", fast=True, channel_names=["agent", ""]).collect()
    by_path: dict[str, list[Any]] = {}
    for row in rows:
        by_path.setdefault(row.path, []).append(row.asDict(recursive=True))
    for path in paths[:3]:
        assert [row_of_party(row) for row in by_path[path]] == expected[CALL]
        assert [row["name"] for row in by_path[path]] == ["agent", None]
        assert by_path[path][1]["segments"] and by_path[path][1]["engine_version"] == bonafide.__version__
    errors = {path: by_path[path][0]["error"] for path in [*paths[3:6], ""]}
    assert errors[str(tmp_path / "none.wav")] == "no such file"
    assert "damaged" in errors[str(bad)] and "mount it" in errors["s3a://calls/a.wav"] and "null" in errors[""]
    assert all(len(by_path[path]) == 1 and by_path[path][0]["channel"] is None for path in errors)
    assert len(rows) == 10


def test_contents_become_rows(session: Any, expected: dict[str, list[dict[str, Any]]]) -> None:
    frame = session.read.format("binaryFile").option("pathGlobFilter", "*.wav").load(str(cluster.SAMPLES))
    rows = spark.screen(frame, fast=True).collect()
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(os.path.basename(row.path), []).append(row_of_party(row.asDict()))
    assert found == {name: expected[name] for name in expected if name.endswith(".wav")}


def test_wrong_options_are_told_at_once(session: Any) -> None:
    frame = session.createDataFrame([("a.wav",)], "path string")
    with pytest.raises(bonafide.BonafideError):
        spark.screen(frame, prior=2)
    with pytest.raises(TypeError, match="no option is called threads"):
        spark.screen(frame, threads=2)  # type: ignore[call-arg]


def test_a_run_screens_what_its_output_lacks(
    session: Any, expected: dict[str, list[dict[str, Any]]], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, output = cluster.copies(tmp_path / "calls [a] {b}", 1), tmp_path / "out"
    later = [path for path in folder.iterdir() if "genuine" in path.name]
    for path in later:
        path.rename(tmp_path / path.name)
    bad = folder / "000 synthetic-hts.ulaw.wav"
    whole = bad.read_bytes()
    bad.write_bytes(whole[:8])
    arguments = [glob_escaped(folder), str(output), "--fast", "--files-per-task", "2", "--commit-every", "5"]

    assert _spark_command.main(arguments) == 0
    assert "6 of 6 recordings, 1 failed" in capsys.readouterr().err
    first = {path: path.stat().st_mtime_ns for path in output.rglob("*.parquet")}
    for path in later:
        (tmp_path / path.name).rename(path)
    bad.write_bytes(whole)
    assert _spark_command.main(arguments) == 0
    assert "4 recordings to screen" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*.parquet") if path in first} == first

    assert _spark_command.main([*arguments, "--retry-failed"]) == 0
    assert "1 of 1 recordings, 0 failed" in capsys.readouterr().err
    assert_whole(rows_of(session, output), folder, expected)
    assert _spark_command.main(arguments) == 0
    assert "0 recordings to screen" in capsys.readouterr().err

    assert _spark_command.main([*arguments, "--prior", "0.5"]) == 2
    assert "of another run: options is" in capsys.readouterr().err
    monkeypatch.setattr(bonafide.Detector, "second_stage", bonafide.SecondStageInfo("other", "1", "ab" * 32))
    assert _spark_command.main(arguments) == 2
    assert "of another run: engine_second_stage_sha256 is None there and abab" in capsys.readouterr().err
    monkeypatch.undo()
    assert _spark_command.main([str(tmp_path / "none"), str(output), "--fast"]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert _spark_command.main(["s3a://calls/a", str(output), "--fast"]) == 2
    assert "S3AFileSystem not found" in capsys.readouterr().err
    assert_whole(rows_of(session, output), folder, expected)


def glob_escaped(path: pathlib.Path) -> str:
    return str(path).translate({ord(character): f"\\{character}" for character in "[]{}"})


def test_lists_may_name_what_is_missing(session: Any, tmp_path: pathlib.Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text(f"{cluster.SAMPLES / CALL}\n\n{tmp_path / 'none.wav'}\n")
    assert _spark_command.main([str(names), str(tmp_path / "out"), "--fast", "--files-from"]) == 0
    rows = rows_of(session, tmp_path / "out")
    assert sorted((os.path.basename(row["path"]), row["channel"], row["error"], row["failed"]) for row in rows) == [
        (CALL, 1, None, "false"), (CALL, 2, None, "false"), ("none.wav", None, "no such file", "true")]


def test_lists_may_name_a_recording_in_several_ways(
    session: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "100% [a]").mkdir()
    call = tmp_path / "100% [a]/a%20b c.wav"
    shutil.copy(cluster.SAMPLES / "genuine-es.gsm.wav", call)
    (session.viewed / "listed").mkdir()
    shutil.copy(call, session.viewed / "listed/a%20b.wav")
    monkeypatch.chdir(tmp_path)
    names = tmp_path / "names.txt"
    names.write_text("\n".join([
        str(call), f"file:{call}", f"file://{call}", f"file://localhost{call}", str(call).replace("/100%", "//./100%"), "100% [a]/a%20b c.wav",
        "viewfs://calls/archive/listed/a%20b.wav", "viewfs://calls//archive/./x/../listed//a%20b.wav"]))
    arguments = [str(names), str(tmp_path / "out"), "--fast", "--files-from"]
    assert _spark_command.main(arguments) == 0
    expected = [(str(call), 1, None), ("viewfs://calls/archive/listed/a%20b.wav", 1, None)]
    assert sorted((row["path"], row["channel"], row["error"]) for row in rows_of(session, tmp_path / "out")) == expected
    # The same folder without a list, and the list again, have nothing new.
    for again in (arguments, [str(tmp_path / "100%*"), *arguments[1:-1]], ["viewfs://calls/archive/listed", *arguments[1:-1]]):
        assert _spark_command.main(again) == 0
        assert capsys.readouterr().err.endswith("bonafide.spark: 0 recordings to screen\n")
    shutil.rmtree(session.viewed / "listed")


def test_other_file_systems_are_read_by_spark(
    session: Any, expected: dict[str, list[dict[str, Any]]], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cluster.copies(session.viewed / "2026 [x]*{y}", 1)
    output = tmp_path / "out"
    arguments = ["viewfs://calls/archive", str(output), "--fast", "--files-per-task", "3", "--include", "*.wav"]
    assert _spark_command.main(arguments) == 0
    rows = rows_of(session, output)
    assert {row["path"].split("/")[0] for row in rows} == {"viewfs:"}
    for row in rows:
        row["path"] = row["path"].replace("viewfs://calls/archive", str(session.viewed))
    assert _spark_command.main(arguments) == 0
    assert capsys.readouterr().err.endswith("bonafide.spark: 0 recordings to screen\n")
    (folder / "000 spliced.flac").unlink()
    assert_whole(rows, folder, expected)

    names = tmp_path / "names.txt"
    names.write_text("viewfs://calls/archive/gone/a.wav\n" + f"viewfs://calls/archive/{folder.name}/000 {CALL}\n")
    assert _spark_command.main([str(names), str(tmp_path / "some"), "--fast", "--files-from"]) == 0
    assert "2 of 2 recordings, 1 failed, 1 synthetic" in capsys.readouterr().err
    assert sorted((row["channel"] or 0, row["error"]) for row in rows_of(session, tmp_path / "some")) == [
        (0, "its content could not be read"), (1, None), (2, None)]


def test_a_killed_worker_costs_its_task(session: Any, expected: dict[str, list[dict[str, Any]]], tmp_path: pathlib.Path) -> None:
    folder, output = cluster.copies(tmp_path / "calls", 30), tmp_path / "out"
    statuses = []
    run = threading.Thread(target=lambda: statuses.append(_spark_command.main(
        [str(folder), str(output), "--fast", "--files-per-task", "4", "--commit-every", "1000"])))
    run.start()
    stage = wait_for_tasks(session, run, 5)
    kill_a_task(session, run, stage)
    assert wait_for_tasks(session, run, 20) == stage
    assert session.sparkContext.statusTracker().getStageInfo(stage).numFailedTasks == 1
    os.kill(cluster.executors()[0], signal.SIGKILL)
    run.join()
    assert statuses == [0]
    assert_whole(rows_of(session, output), folder, expected)


def test_a_recording_that_kills_is_a_row_with_an_error(session: Any, tmp_path: pathlib.Path) -> None:
    deadly = tmp_path / "deadly.wav"
    shutil.copy(cluster.SAMPLES / CALL, deadly)
    paths = [str(cluster.SAMPLES / CALL), str(deadly), str(cluster.SAMPLES / "genuine-es.gsm.wav")]
    frame = session.createDataFrame([(path,) for path in paths], "path string").coalesce(1)
    rows = [(row.path, row.channel, row.error is not None and "died" in row.error) for row in spark.screen(frame, fast=True).collect()]
    assert rows == [(paths[0], 1, False), (paths[0], 2, False), (paths[1], None, True), (paths[2], 1, False)]


def kill_a_task(session: Any, run: threading.Thread, stage: int) -> None:
    """Kills the Python workers of an executor, and if they were between two tasks, again."""
    tracker = session.sparkContext.statusTracker()
    while run.is_alive():
        cluster.kill_workers_of(cluster.executors()[0])
        for _ in range(40):
            if tracker.getStageInfo(stage).numFailedTasks > 0:
                return
            time.sleep(0.05)
    raise AssertionError("the run was over first")


def wait_for_tasks(session: Any, run: threading.Thread, count: int) -> int:
    """Waits until so many tasks of a stage of many are done, and gives that stage."""
    tracker = session.sparkContext.statusTracker()
    while run.is_alive():
        for stage in tracker.getActiveStageIds():
            info = tracker.getStageInfo(stage)
            if info is not None and info.numTasks > 50 and info.numCompletedTasks >= count:
                return int(stage)
        time.sleep(0.02)
    raise AssertionError("the run was over first")
