"""A Spark cluster on this machine, of two executors that are processes of their own, and what tests of it share."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
SOURCES = ROOT / "Bindings/python/src"
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def recordings() -> list[pathlib.Path]:
    return sorted(path for path in SAMPLES.iterdir() if path.suffix in (".wav", ".flac"))


def environment() -> dict[str, str]:
    """That of processes that the cluster starts."""
    return {
        "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": f"{SOURCES}:{os.environ.get('PYTHONPATH', '')}", "SPARK_LOCAL_IP": "127.0.0.1",
    }


#: The package, but a process that screens a recording called deadly.wav dies.
DEADLY = f"""
import os, signal
__path__ = [{str(SOURCES / 'bonafide')!r}]
exec(open(__path__[0] + "/__init__.py").read())
def scan(self, path, progress=None, scan=Detector.scan):
    if path.endswith("deadly.wav"):
        os.kill(os.getpid(), signal.SIGKILL)
    return scan(self, path, progress)
Detector.scan = scan
"""


def cluster(tmp: pathlib.Path) -> Any:
    import pyspark
    from pyspark.sql import SparkSession

    os.environ.update(environment(), SPARK_HOME=str(pathlib.Path(pyspark.__file__).parent))
    (tmp / "deadly/bonafide").mkdir(parents=True)
    (tmp / "deadly/bonafide/__init__.py").write_text(DEADLY)
    builder = SparkSession.builder.master("local-cluster[2,1,1024]")
    for name, value in {
        "spark.ui.enabled": "false", "spark.log.level": "ERROR", "spark.sql.shuffle.partitions": "4",
        "spark.sql.warehouse.dir": str(tmp), "spark.default.parallelism": "2",
        # What a short run has no use for: code that is compiled for long ones.
        "spark.driver.extraJavaOptions": QUICK, "spark.executor.extraJavaOptions": QUICK, "spark.sql.codegen.wholeStage": "false",
        # A file system of another kind than files, as HDFS and S3 are.
        "spark.hadoop.fs.viewfs.mounttable.calls.link./archive": f"file://{tmp}/viewed",
        "spark.executorEnv.PYTHONPATH": f"{tmp}/deadly:{os.environ['PYTHONPATH']}",
    }.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def copies(folder: pathlib.Path, count: int) -> pathlib.Path:
    """A folder with so many copies of each sample."""
    folder.mkdir()
    for path in recordings():
        for number in range(count):
            shutil.copy(path, folder / f"{number:03} {path.name}")
    return folder


def descendants(root: int) -> dict[int, tuple[int, str]]:
    """Parent and command line of each process that comes from this one."""
    processes = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            processes[int(entry.name)] = (parent, (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (OSError, ValueError):
            continue
    found: dict[int, tuple[int, str]] = {}
    todo = [root]
    while todo:
        parent = todo.pop()
        for process, (of, line) in processes.items():
            if of == parent:
                found[process] = (of, line)
                todo.append(process)
    return found


def executors() -> list[int]:
    """The executors' processes."""
    return sorted(process for process, (_, line) in descendants(os.getpid()).items() if "CoarseGrainedExecutorBackend" in line)


def kill_workers_of(executor: int) -> None:
    """Kills the Python workers of an executor."""
    found = descendants(executor)
    for process, (parent, line) in found.items():
        if "pyspark.daemon" in line and parent in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
