"""Ray Data gives the rows that Spark gives, and one process."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

import pytest

ray = pytest.importorskip("ray", reason="there is no Ray")
pytest.importorskip("ray.data", reason="there is no Ray Data")

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


def key(row: dict[str, object]) -> tuple[object, object]:
    return row["path"], row["channel"] or 0
