"""Results as a table of Arrow: a row a party, with the columns of the JSON contract (docs/json.md)."""

from __future__ import annotations

import math
import os
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Union

try:
    import pyarrow as pa
except ImportError as error:
    raise ImportError("tables of results need pyarrow: pip install 'bonafide[parquet]'") from error

from ._detector import Detector
from ._library import version
from ._results import FileResult, PartyResult

#: Name and version of the contract of JSON reports.
CONTRACT = "bonafide.scan/2"

_text, _whole, _number = pa.string(), pa.int32(), pa.float64()
_segment = pa.struct([("start_s", _number), ("end_s", _number), ("llr", _number), ("synthetic_probability", _number)])

#: Of the recording; `verdict` of the contract's file object is here `file_verdict`.
FILE_COLUMNS = {
    "path": _text, "path_bytes": _text, "format": _text, "sample_rate_hz": _whole, "duration_s": _number, "heard_s": _number,
    "unheard_s": _number, "bandwidth_hz": _number, "file_verdict": _text, "error": _text, "warnings": pa.list_(_text),
}
#: Of the party.
PARTY_COLUMNS = {
    "channel": _whole, "track": _whole, "track_channel": _whole, "name": _text, "same_as": _whole, "model": _text, "verdict": _text,
    "reason": _text, "speech_s": _number, "echo_s": _number, "llr": _number, "synthetic_probability": _number,
    "evidence_llr": _number, "strength": _text, "flagged_s": _number, "clipped": _number, "snr_db": _number,
    "segments": pa.list_(_segment), "first_llr": _number, "second_score": _number, "coded": _number,
}
#: Of the run.
RUN_COLUMNS = {
    "schema": _text, "engine_version": _text, "engine_model": _text, "engine_model_sha256": _text, "engine_wideband_model": _text,
    "engine_wideband_model_sha256": _text, "engine_second_stage": _text, "engine_second_stage_sha256": _text, "prior": _number,
    "options": _text,
}
#: Of a table of results.
SCHEMA = pa.schema([*FILE_COLUMNS.items(), *PARTY_COLUMNS.items(), *RUN_COLUMNS.items()])

#: A result of the package, or a file object of the command's JSON.
AnyResult = Union[FileResult, Mapping[str, Any]]


def run_of(detector: Detector, options: str | None = None) -> dict[str, object]:
    """The columns of the run of what this detector says."""
    wideband, second = detector.wideband_model, detector.second_stage
    return {
        "schema": CONTRACT,
        "engine_version": version(),
        "engine_model": detector.model.name,
        "engine_model_sha256": detector.model.sha256,
        "engine_wideband_model": wideband and wideband.name,
        "engine_wideband_model_sha256": wideband and wideband.sha256,
        "engine_second_stage": second and second.name,
        "engine_second_stage_sha256": second and second.sha256,
        "prior": detector.prior,
        "options": options,
    }


def table(results: Iterable[AnyResult], run: Mapping[str, object]) -> pa.Table:
    """A row for each party, and one, without a channel, for a recording that has an error.

    Args:
        results: of the package, or file objects of the contract, whose own `schema`, `engine` and `prior` come before those of `run`.
        run: the columns of the run.
    """
    return pa.Table.from_pylist([row for result in results for row in rows(result, run)], schema=SCHEMA)


def rows(result: AnyResult, run: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """As `table` has them."""
    contract = _file_object(result) if isinstance(result, FileResult) else result
    own = {"schema": contract.get("schema"), "prior": contract.get("prior")}
    own.update({f"engine_{name}": value for name, value in contract.get("engine", {}).items()})
    shared = {name: contract.get(name) for name in FILE_COLUMNS if name != "file_verdict"}
    shared["file_verdict"] = contract["verdict"]
    shared.update(run)
    shared.update({name: value for name, value in own.items() if value is not None})
    for party in contract["channels"] or [{}]:
        stages = party.get("stages") or {}
        yield {**shared, **{name: party.get(name) for name in PARTY_COLUMNS}, **stages}


def _file_object(result: FileResult) -> dict[str, Any]:
    """What the contract calls a file, with the numbers as a report rounds them."""
    failed = result.error is not None
    path, path_bytes = _path(result.path)
    return {
        "path": path,
        "path_bytes": path_bytes,
        "format": result.format,
        "sample_rate_hz": None if failed else result.sample_rate,
        "duration_s": None if failed else rounded(result.duration, 3),
        "heard_s": rounded(result.heard, 3),
        "unheard_s": rounded(result.unheard, 3),
        "bandwidth_hz": rounded(result.bandwidth, 0),
        "verdict": result.verdict and result.verdict.value,
        "error": result.error and _decoded(result.error.removeprefix(f"{result.path}: ")),
        "warnings": [_decoded(warning) for warning in result.warnings],
        "channels": [_channel_object(party) for party in result.parties],
    }


def _channel_object(party: PartyResult) -> dict[str, object]:
    return {
        "channel": party.channel,
        "track": party.track,
        "track_channel": party.track_channel,
        "name": party.name,
        "same_as": party.same_as,
        "model": party.model,
        "verdict": party.verdict.value,
        "reason": party.reason and party.reason.value,
        "speech_s": rounded(party.speech, 2),
        "echo_s": rounded(party.echo, 2),
        "llr": rounded(party.llr, 3),
        "synthetic_probability": rounded(party.synthetic_probability, 6),
        "evidence_llr": rounded(party.evidence_llr, 3),
        "strength": party.strength and party.strength.value,
        "flagged_s": rounded(party.flagged, 2),
        "clipped": rounded(party.clipped, 3),
        "snr_db": rounded(party.snr, 1),
        "stages": {"first_llr": rounded(party.first_llr, 3), "second_score": rounded(party.second_score, 3), "coded": rounded(party.coded, 3)},
        "segments": [
            {
                "start_s": rounded(segment.start, 2),
                "end_s": rounded(segment.end, 2),
                "llr": rounded(segment.llr, 3),
                "synthetic_probability": rounded(segment.synthetic_probability, 6),
            }
            for segment in party.segments
        ],
    }


def rounded(number: float | None, places: int) -> float | None:
    """As reports write numbers: halves away from zero."""
    if number is None:
        return None
    unit = 10.0**places
    return math.copysign(math.floor(abs(number) * unit + 0.5) / unit, number)


def _decoded(text: str) -> str:
    """With U+FFFD for each byte that was no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text


def _path(path: str) -> tuple[str, str | None]:
    """A path as text, and where that is not all of it, its bytes in percent-encoding."""
    text = _decoded(path)
    return text, None if text == path else urllib.parse.quote(os.fsencode(path))
