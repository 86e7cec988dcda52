"""Ray Data gives the rows that Spark gives, and one process."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

ray = pytest.importorskip("ray", reason="there is no Ray")
pytest.importorskip("ray.data", reason="there is no Ray Data")

import pyarrow.fs  # noqa: E402

import bonafide  # noqa: E402
from bonafide import ray as bonafide_ray  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    os.environ["PYTHONPATH"] = f"{ROOT / 'Bindings/python/src'}:{os.environ.get('PYTHONPATH', '')}"
    os.environ["RAY_worker_niceness"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False)
    yield
    ray.shutdown()


def test_rows_are_those_of_one_process(tmp_path: pathlib.Path) -> None:
    from bonafide._table import SCHEMA, rows, run_of

    (tmp_path / "bad.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    paths = [*sorted(map(str, SAMPLES.glob("*.wav"))), str(tmp_path / "bad.wav")]
    detector = bonafide.Detector(fast=True, prior=0.1)
    results = detector.scan_many(paths)
    run = run_of(detector, '{"fast": true, "prior": 0.1}')
    expected = sorted((row for result in results for row in rows(result, run)), key=key)
    filled = [{name: row.get(name) for name in SCHEMA.names} for row in expected]

    by_path = bonafide_ray.screen(ray.data.from_items([{"path": path} for path in paths]), fast=True, prior=0.1)
    assert sorted(by_path.take_all(), key=key) == filled
    contents = ray.data.read_binary_files(paths, include_paths=True)
    bonafide_ray.screen(contents, fast=True, prior=0.1).write_parquet(str(tmp_path / "out"))
    assert sorted(ray.data.read_parquet(str(tmp_path / "out")).take_all(), key=key) == filled


@pytest.fixture
def s3() -> Iterator[pyarrow.fs.S3FileSystem]:
    """An object store of moto's, which speaks S3 by HTTP."""
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        place = next(found[1] for line in server.stderr if (found := re.search(r"Running on http://(\S+)", line)))
        yield pyarrow.fs.S3FileSystem(
            access_key="test", secret_key="test", region="us-east-1", scheme="http", endpoint_override=place, allow_bucket_creation=True)
    finally:
        server.terminate()
        server.wait()


@pytest.mark.skipif(importlib.util.find_spec("moto") is None, reason="there is no moto")
def test_recordings_of_an_object_store(s3: pyarrow.fs.S3FileSystem) -> None:
    s3.create_dir("calls")
    names = ["genuine-en.ulaw.wav", "synthetic-hts.ulaw.wav"]
    for name in names:
        with s3.open_output_stream(f"calls/2026/{name}") as file:
            file.write((SAMPLES / name).read_bytes())
    with s3.open_output_stream("calls/2026/bad.wav") as file:
        file.write(b"RIFF\0\0\0\0WAVE")
    recordings = ray.data.read_binary_files("calls/2026", filesystem=s3, include_paths=True)
    bonafide_ray.screen(recordings, fast=True).write_parquet("calls/screened", filesystem=s3)
    rows = sorted(ray.data.read_parquet("calls/screened", filesystem=s3).take_all(), key=key)
    assert [pathlib.PurePath(row["path"]).name for row in rows] == ["bad.wav", *names]
    assert rows[0]["error"] and rows[0]["channel"] is None
    detector = bonafide.Detector(fast=True)
    assert [row["llr"] for row in rows[1:]] == [pytest.approx(detector.scan(SAMPLES / name).parties[0].llr, abs=6e-4) for name in names]


def key(row: dict[str, object]) -> tuple[object, object]:
    return row["path"], row["channel"] or 0
