"""Real encoders and decoders of telephony: ffmpeg, sox, libbcg729 and libvo-amrwbenc, their delay removed."""

import ctypes
import functools
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bonafide_models import sound
from bonafide_models.arrays import Complex, Doubles, Pcm, Samples

EARLIEST, LATEST = -0.02, 0.2  # s, where the delay of a codec is looked for
LOOK = 60  # s of signal that are enough to find it


class CodecError(Exception):
    """An encoder or decoder is missing or failed; the message is one line."""


# Samples at the codec's rate to samples at that rate, late by its delay, of about the same length.
Transcode: TypeAlias = Callable[[Pcm], Pcm]


@dataclass(frozen=True)
class Codec:
    rate: int
    """Hz, in and out."""
    summary: str
    package: str
    """Of Debian, that has the encoder."""
    transcode: Transcode


def pipe(command: Sequence[str], data: bytes) -> bytes:
    """What the command writes, given the data."""
    try:
        done = subprocess.run(command, input=data, capture_output=True)
    except FileNotFoundError:
        raise CodecError(f"{command[0]} is not installed") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise CodecError(f"{command[0]}: {lines[0]}")
    return done.stdout


def samples(raw: bytes) -> Pcm:
    return np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.int16, copy=False)


FFMPEG = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-threads", "1"]
EXACT = ["-flags", "+bitexact", "-fflags", "+bitexact"]


def ffmpeg_decode(stream: bytes, kind: str, rate: int) -> Pcm:
    return samples(
        pipe([*FFMPEG, "-f", kind, "-i", "pipe:0", "-ar", str(rate), "-ac", "1", "-f", "s16le", "pipe:1"], stream)
    )


def ffmpeg(rate: int, encoder: str, container: str, *options: str) -> Transcode:
    raw = ["-f", "s16le", "-ar", str(rate), "-ac", "1"]
    encode = [*FFMPEG, *raw, "-i", "pipe:0", "-c:a", encoder, *options, *EXACT, "-f", container, "pipe:1"]
    demuxer = {"adts": "aac"}.get(container, container)
    return lambda x: ffmpeg_decode(pipe(encode, x.astype("<i2").tobytes()), demuxer, rate)


def sox_amr(mode: int) -> Transcode:
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-r", "8000", "-c", "1", "-"]
    encode = ["sox", "-V1", "-D", *raw, "-C", str(mode), "-t", "amr-nb", "-"]
    decode = ["sox", "-V1", "-D", "-t", "amr-nb", "-", *raw]
    return lambda x: samples(pipe(decode, pipe(encode, x.astype("<i2").tobytes())))


@functools.cache
def library(name: str, signatures: tuple[tuple[str, Any, tuple[Any, ...]], ...]) -> Any:
    """A C library by its file name; `signatures`: (function, result, arguments) of each function that is called."""
    try:
        loaded = ctypes.CDLL(name)
    except OSError:
        raise CodecError(f"{name} is not installed") from None
    for function, result, arguments in signatures:
        getattr(loaded, function).restype, getattr(loaded, function).argtypes = result, arguments
    return loaded


POINTER, BYTE, INT = ctypes.c_void_p, ctypes.c_uint8, ctypes.c_int
BCG729 = (
    ("initBcg729EncoderChannel", POINTER, (BYTE,)),
    ("closeBcg729EncoderChannel", None, (POINTER,)),
    ("initBcg729DecoderChannel", POINTER, ()),
    ("closeBcg729DecoderChannel", None, (POINTER,)),
    ("bcg729Encoder", None, (POINTER,) * 4),
    ("bcg729Decoder", None, (POINTER, POINTER, BYTE, BYTE, BYTE, BYTE, POINTER)),
)
AMRWBENC = (
    ("E_IF_init", POINTER, ()),
    ("E_IF_exit", None, (POINTER,)),
    ("E_IF_encode", INT, (POINTER, INT, POINTER, POINTER, INT)),
)


def whole_frames(x: Pcm, frame: int) -> Pcm:
    return np.ascontiguousarray(np.pad(x, (0, -len(x) % frame)), np.int16)


def g729(x: Pcm) -> Pcm:
    """Frames of 80 samples to 10 bytes and back, voice-activity detection off."""
    c = library("libbcg729.so.0", BCG729)
    x = whole_frames(x, 80)
    y = np.zeros_like(x)
    packet, size = (BYTE * 10)(), BYTE()
    encoder, decoder = c.initBcg729EncoderChannel(0), c.initBcg729DecoderChannel()
    for at in range(0, x.nbytes, 160):
        c.bcg729Encoder(encoder, x.ctypes.data + at, packet, ctypes.byref(size))
        c.bcg729Decoder(decoder, packet, size.value, 0, 0, 0, y.ctypes.data + at)
    c.closeBcg729EncoderChannel(encoder)
    c.closeBcg729DecoderChannel(decoder)
    return y


def amrwb(x: Pcm) -> Pcm:
    """Frames of 320 samples in mode 2 (12.65 kb/s), without discontinuous transmission; decoded by ffmpeg."""
    c = library("libvo-amrwbenc.so.0", AMRWBENC)
    x = whole_frames(x, 320)
    packet, stream = (BYTE * 64)(), bytearray(b"#!AMR-WB\n")
    encoder = c.E_IF_init()
    for at in range(0, x.nbytes, 640):
        size = c.E_IF_encode(encoder, 2, x.ctypes.data + at, packet, 0)
        stream += bytes(packet[:size])
    c.E_IF_exit(encoder)
    return ffmpeg_decode(bytes(stream), "amr", 16000)


OPUS = ("-application", "voip")
CODECS = {
    "ulaw": Codec(8000, "G.711 µ-law", "ffmpeg", ffmpeg(8000, "pcm_mulaw", "wav")),
    "alaw": Codec(8000, "G.711 A-law", "ffmpeg", ffmpeg(8000, "pcm_alaw", "wav")),
    "g726": Codec(8000, "G.726, 32 kb/s", "ffmpeg", ffmpeg(8000, "g726", "wav", "-b:a", "32k")),
    "gsm": Codec(8000, "GSM full rate 06.10, 13 kb/s", "ffmpeg", ffmpeg(8000, "libgsm", "gsm")),
    "amr12.2": Codec(8000, "AMR-NB, 12.2 kb/s", "libsox-fmt-all", sox_amr(7)),
    "amr4.75": Codec(8000, "AMR-NB, 4.75 kb/s", "libsox-fmt-all", sox_amr(0)),
    "amrwb": Codec(16000, "AMR-WB, 12.65 kb/s", "libvo-amrwbenc0", amrwb),
    "g722": Codec(16000, "G.722, 64 kb/s", "ffmpeg", ffmpeg(16000, "g722", "g722")),
    "g729": Codec(8000, "G.729 Annex A, 8 kb/s", "libbcg729-0", g729),
    "ilbc": Codec(
        8000,
        "iLBC, 15.2 kb/s",
        "none in Debian 12: an ffmpeg with libilbc",
        ffmpeg(8000, "libilbc", "ilbc", "-b:a", "15200"),
    ),
    "speex-nb": Codec(8000, "Speex narrowband, 11 kb/s", "ffmpeg", ffmpeg(8000, "libspeex", "ogg", "-b:a", "11k")),
    "opus8": Codec(16000, "Opus, 8 kb/s", "ffmpeg", ffmpeg(16000, "libopus", "ogg", "-b:a", "8k", *OPUS)),
    "opus12": Codec(16000, "Opus, 12 kb/s", "ffmpeg", ffmpeg(16000, "libopus", "ogg", "-b:a", "12k", *OPUS)),
    "opus24": Codec(16000, "Opus, 24 kb/s", "ffmpeg", ffmpeg(16000, "libopus", "ogg", "-b:a", "24k", *OPUS)),
    "mp3-8": Codec(8000, "MP3 at 8 kHz, 8 kb/s", "ffmpeg", ffmpeg(8000, "libmp3lame", "mp3", "-b:a", "8k")),
    "mp3-16": Codec(16000, "MP3, 16 kb/s", "ffmpeg", ffmpeg(16000, "libmp3lame", "mp3", "-b:a", "16k")),
    "mp3-32": Codec(16000, "MP3, 32 kb/s", "ffmpeg", ffmpeg(16000, "libmp3lame", "mp3", "-b:a", "32k")),
    "aac": Codec(16000, "AAC-LC, 24 kb/s", "ffmpeg", ffmpeg(16000, "aac", "adts", "-b:a", "24k")),
}

# What networks are trained on, by sample rate: the same encoders, now and then at another rate of bits.
FAST_OPUS = (*OPUS, "-compression_level", "3")
TRAINED: dict[int, dict[str, Transcode]] = {
    8000: {
        "ulaw": CODECS["ulaw"].transcode,
        "alaw": CODECS["alaw"].transcode,
        "gsm": CODECS["gsm"].transcode,
        "amr12": CODECS["amr12.2"].transcode,
        "amr5": sox_amr(1),
        "g726": CODECS["g726"].transcode,
        "opus": ffmpeg(8000, "libopus", "ogg", "-b:a", "10k", *FAST_OPUS),
        "speex": CODECS["speex-nb"].transcode,
        "mp3": CODECS["mp3-8"].transcode,  # what ffmpeg gives MP3 at 8 kHz; cut off at 3 kHz
    },
    16000: {
        "g722": CODECS["g722"].transcode,
        "opus": ffmpeg(16000, "libopus", "ogg", "-b:a", "20k", *FAST_OPUS),
        "speex": ffmpeg(16000, "libspeex", "ogg", "-b:a", "20k"),
        "mp3": CODECS["mp3-32"].transcode,
    },
}


def through_trained(name: str, x: Pcm, rate: int) -> Pcm:
    """x, at `rate`, through encoder and decoder of TRAINED: aligned, of the same length."""
    return aligned(TRAINED[rate][name], x, rate)


@functools.cache
def missing(name: str) -> str | None:
    """None where the codec works on this machine (tried on a tone of half a second), else why not."""
    codec = CODECS[name]
    tone = sound.quantised(0.1 * np.sin(2 * np.pi * 440 * np.arange(codec.rate // 2) / codec.rate))
    try:
        out = codec.transcode(tone)
    except CodecError as error:
        return f"{error} (package: {codec.package})"
    return None if np.any(out) else f"the decoder gives silence (package: {codec.package})"


def delay(x: npt.NDArray[Any], y: npt.NDArray[Any], rate: int) -> int:
    """Samples by which y is late, by cross-correlation. Of differences: low frequencies, which codecs turn in phase,
    count less."""
    n = min(len(x), len(y), LOOK * rate)

    def transform(v: npt.NDArray[Any]) -> Complex:
        return np.fft.rfft(np.diff(v[:n].astype(np.float64), prepend=0), 2 * n)

    correlation = np.fft.irfft(transform(y) * np.conj(transform(x)), 2 * n)
    lags = np.arange(max(round(EARLIEST * rate), 1 - n), min(round(LATEST * rate), n))
    return int(lags[np.argmax(correlation[lags])])


def aligned(transcode: Transcode, x: Pcm, rate: int) -> Pcm:
    """x (at `rate`) through `transcode`, its delay removed: of the same length."""
    y = transcode(x)
    late = delay(x, y, rate)
    y = np.concatenate([np.zeros(max(0, -late), np.int16), y[max(0, late) :]])
    return np.pad(y, (0, max(0, len(x) - len(y))))[: len(x)]


def through(name: str, x: Samples) -> Doubles:
    """x, at the codec's rate, through encoder and decoder: aligned, of the same length, its level as the codec leaves
    it."""
    codec = CODECS[name]
    return aligned(codec.transcode, sound.quantised(x), codec.rate) / 32768
