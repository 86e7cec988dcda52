"""``python -m bonafide.spark INPUT OUTPUT``."""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import posixpath
import re
import sys
import time
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from bonafide._library import BonafideError
from bonafide._screening import DetectorOptions, Screening
from bonafide.spark import DDL, screen

#: Columns that must be the same for all rows of an output.
RUN = ("engine_model_sha256", "engine_wideband_model_sha256", "engine_second_stage_sha256", "options")

#: What a path of Hadoop's begins with: a scheme, and what may stand between it and the path.
FILE_SYSTEM = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//[^/]*)?(?=/)")


class RunError(Exception):
    """Why a run ends, in one line."""


def main(arguments: list[str] | None = None) -> int:
    """Screens what INPUT has and OUTPUT lacks. 0: all that could be screened was, whatever the verdicts; 2: the run has failed."""
    options = parser().parse_args(arguments)
    session = SparkSession.builder.appName("bonafide").getOrCreate()
    try:
        Run(session, options).screen_all()
    except (RunError, BonafideError, OSError, ValueError, PySparkException) as error:
        say(str(error).splitlines()[0])
        return 2
    except Py4JJavaError as error:
        say(str(error.java_exception).splitlines()[0])
        return 2
    return 0


def say(line: str) -> None:
    print(f"bonafide.spark: {line}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    description = "Screens recordings on a Spark cluster: a row a party in Parquet. Run again, it screens what OUTPUT lacks."
    parser = argparse.ArgumentParser(prog="bonafide.spark", description=description)
    add = parser.add_argument
    add("input", metavar="INPUT", help="folder, file or glob, of any file system that Spark reads")
    add("output", metavar="OUTPUT", help="folder of Parquet files, which is made where it is missing")
    add("--files-from", action="store_true", help="INPUT is a text file, or a folder of such, with a path a line")
    add("--include", metavar="GLOB", help="screen files of these names only, such as '*.wav'")
    add("--retry-failed", action="store_true", help="forget the recordings of OUTPUT that have an error, and screen them again")
    add("--commit-every", type=positive, metavar="N", help="recordings between commits: of these at most are lost (20 tasks a core)")
    add("--files-per-task", type=positive, metavar="N", default=32, help="recordings of a task, of which as many are lost with it (32)")
    add("--fast", action="store_true", help="leave out the second stage")
    add("--precise", action="store_true", help="compute in single precision throughout")
    add("--channel-names", metavar="NAME,...", type=lambda text: text.split(","), help="of the channels, first to last")
    add("--profile", metavar="FILE", help="what bonafide calibrate wrote; read by the driver")
    add("--model", metavar="FILE", help="judge with this model; a path on each worker and the driver")
    add("--prior", type=float, metavar="P", help="share of parties that are synthetic (0.05)")
    add("--alarm-at", dest="alarm_llr", type=float, metavar="LLR", help="at or below which a party is synthetic")
    add("--clear-at", dest="clear_llr", type=float, metavar="LLR", help="at or above which a party is bona fide")
    add("--raw", metavar="ENCODING:RATE", help="take recordings for headerless samples, such as ulaw:8000")
    add("--mix", action="store_true", help="screen the mean of all channels as one party")
    return parser


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return number


def normalised(line: str, roots: dict[str, str], folder: str) -> str:
    """A path as Spark writes it; one of a file of this machine without `file:`, and from the root.

    Args:
        roots: what the roots of file systems are called, by what lines have before the path.
        folder: where relative paths begin.
    """
    system = FILE_SYSTEM.match(line)
    if system and not system[0].startswith("file:"):
        return roots[system[0]].rstrip("/") + posixpath.normpath("/" + line[system.end():].lstrip("/"))
    path = line[system.end():] if system else posixpath.join(folder, line)
    # What is behind a link may be another folder than the name says, so that .. stays.
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


class Run:
    """One run from INPUT to OUTPUT."""

    def __init__(self, session: SparkSession, arguments: argparse.Namespace) -> None:
        self.session = session
        self.arguments = arguments
        given = {name: value for name, value in vars(arguments).items() if name in DetectorOptions.__annotations__}
        self.options: DetectorOptions = {name: value for name, value in given.items() if value is not None and value is not False}  # type: ignore[assignment]
        # Contents may be large: a batch of them is in the memory of an executor.
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 8)

    def screen_all(self) -> None:
        run = Screening.of(**self.options).run
        done = self.written()
        if done is not None:
            self.check_run_of(done, run)
            if self.arguments.retry_failed:
                self.remove(f"{self.arguments.output}/failed=true")
                done = self.written()
        todo = self.listing()
        if done is not None:
            todo = todo.join(done.select("path"), "path", "left_anti")
        todo = todo.persist(StorageLevel.DISK_ONLY)
        total = todo.count()
        say(f"{total:,} recordings to screen")
        progress = Progress(total)
        paths = (row.path for row in todo.toLocalIterator())
        while chunk := list(itertools.islice(paths, self.commit_every)):
            progress.add(self.commit(chunk))
        todo.unpersist()

    @property
    def commit_every(self) -> int:
        """Recordings between commits; asked anew each time, since a cluster may grow."""
        tasks = 20 * self.session.sparkContext.defaultParallelism
        return self.arguments.commit_every or tasks * self.arguments.files_per_task  # type: ignore[no-any-return]

    def listing(self) -> DataFrame:
        """A row with the path of each recording of INPUT."""
        if self.arguments.files_from:
            return self.named_in_lists()
        reader = self.session.read.format("binaryFile").option("recursiveFileLookup", True)
        if self.arguments.include:
            reader = reader.option("pathGlobFilter", self.arguments.include)
        return reader.load(self.arguments.input).select(F.regexp_replace("path", "^file:(//(?=/))?", "").alias("path"))

    def named_in_lists(self) -> DataFrame:
        """A row with the path of each recording that the lines of INPUT name, written as Spark writes the paths of what it reads.

        Otherwise a recording that OUTPUT has would not be found there again, and one that is named in two ways would be screened twice.
        """
        lines = self.session.read.text(self.arguments.input).select(F.trim("value").alias("line")).where("line != ''")
        systems = lines.select(F.regexp_extract("line", FILE_SYSTEM.pattern, 0).alias("system")).where("system != ''").distinct()
        roots = {row.system: self.root(row.system).toString() for row in systems.collect() if not row.system.startswith("file:")}
        folder = os.getcwd()
        name = F.udf(lambda line: normalised(line, roots, folder), "string")
        return lines.select(name("line").alias("path")).distinct()

    def root(self, system: str) -> Any:
        """The root of a file system, such as ``hdfs:``, under the name by which it calls itself: ``hdfs://namenode:8020/``."""
        files, path = self.hadoop(f"{system}/")
        return files.makeQualified(path)

    def written(self) -> DataFrame | None:
        """What OUTPUT has; None where it has nothing."""
        if not self.exists(self.arguments.output):
            return None
        return self.session.read.schema(f"{DDL}, failed boolean").parquet(self.arguments.output)

    def check_run_of(self, done: DataFrame, run: dict[str, object]) -> None:
        for row in done.select(*RUN).distinct().limit(2).collect():
            for name in RUN:
                if row[name] != run.get(name):
                    raise RunError(f"{self.arguments.output} has results of another run: {name} is {row[name]} there and "
                                   f"{run.get(name)} here; give another OUTPUT")

    def commit(self, paths: list[str]) -> Counts:
        """Screens recordings and appends their rows to OUTPUT."""
        remote = [path for path in paths if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", path)]
        local = [path for path in paths if path not in set(remote)] if remote else paths
        frames = []
        if local:
            frame = self.session.createDataFrame([(path,) for path in local], "path string")
            frames.append(screen(frame.repartition(-(-len(local) // self.arguments.files_per_task)), **self.options))
        contents = self.contents(remote) if remote else None
        if contents is not None:
            frames.append(screen(contents, **self.options))
        counts = self.append(functools.reduce(DataFrame.unionByName, frames)) if frames else Counts()
        if counts.recordings < len(paths):
            counts += self.append(self.unread(paths))
        return counts

    def contents(self, paths: list[str]) -> DataFrame | None:
        """Reads recordings with what Spark has for their file system; those that cannot be read are left out."""
        reader = self.session.read.format("binaryFile").option("ignoreMissingFiles", True).option("ignoreCorruptFiles", True)
        bytes_of_task = 128 << 20
        self.session.conf.set("spark.sql.files.maxPartitionBytes", bytes_of_task)
        self.session.conf.set("spark.sql.files.openCostInBytes", bytes_of_task // self.arguments.files_per_task)
        escaped = {path: re.sub(r"[][{}*?\\]", r"\\\g<0>", path) for path in paths}
        try:
            return reader.load(list(escaped.values())).select("path", "content")
        except AnalysisException:
            there = [escaped[path] for path in paths if self.exists(path)]
            if len(there) == len(paths):
                raise
            return reader.load(there).select("path", "content") if there else None

    def unread(self, paths: list[str]) -> DataFrame:
        """Rows with an error for the recordings that OUTPUT has still no row of."""
        frame = self.session.createDataFrame([(path, None) for path in paths], "path string, content binary")
        done = self.written()
        missing = frame if done is None else frame.join(done.select("path"), "path", "left_anti")
        return screen(missing, **self.options)

    def append(self, rows: DataFrame) -> Counts:
        observation = Observation()
        is_first = F.col("channel").isNull() | (F.col("channel") == 1)
        counted = rows.withColumn("failed", F.col("error").isNotNull()).observe(
            observation,
            F.count(F.when(is_first, 1)).alias("recordings"),
            F.count(F.when(is_first & F.col("failed"), 1)).alias("failed"),
            F.count(F.when(is_first & (F.col("file_verdict") == "synthetic"), 1)).alias("synthetic"),
        )
        counted.write.mode("append").partitionBy("failed").option("compression", "zstd").parquet(self.arguments.output)
        return Counts(**observation.get)

    def exists(self, name: str) -> bool:
        system, path = self.hadoop(name)
        return bool(system.exists(path))

    def remove(self, name: str) -> None:
        system, path = self.hadoop(name)
        system.delete(path, True)

    def hadoop(self, name: str) -> tuple[Any, Any]:
        """The file system of a path, and the path, of Hadoop's."""
        context: Any = self.session.sparkContext
        path = context._jvm.org.apache.hadoop.fs.Path(name)
        return path.getFileSystem(context._jsc.hadoopConfiguration()), path


@dataclass
class Counts:
    """Recordings that were written."""

    recordings: int = 0
    failed: int = 0
    synthetic: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.recordings + other.recordings, self.failed + other.failed, self.synthetic + other.synthetic)


class Progress:
    """A line after each commit."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.counts = Counts()
        self.start = time.monotonic()

    def add(self, counts: Counts) -> None:
        self.counts += counts
        done = self.counts.recordings
        left = round((time.monotonic() - self.start) * (self.total - done) / done / 60) if done else 0
        say(f"{done:,} of {self.total:,} recordings, {self.counts.failed:,} failed, {self.counts.synthetic:,} synthetic"
            + (f"; {left // 60}:{left % 60:02} h left" if done < self.total else ""))
