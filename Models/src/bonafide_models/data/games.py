"""Spoken lines in the files of adventure games that Debian packages."""

import glob
import io
import struct
from collections.abc import Iterator

import numpy as np
import soundfile

from bonafide_models.arrays import Floats

# Name, samples, rate.
Recording = tuple[str, Floats, int]
OF_1994 = 11025  # Hz
SPOKEN_FROM = 50000  # number of a file of Beneath a Steel Sky
HEADER = 22  # bytes before a packed file of it
LEAST_BYTES = 3000  # of an MP3 file: a second and a half


def unsigned(data: bytes) -> Floats:
    """8-bit samples as games of 1994 have them."""
    samples: Floats = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
    return samples


class ProPack:
    """Bytes packed by Rob Northen's ProPack, method 1. Format: ScummVM, engines/sky/rnc_deco.cpp"""

    Codes = dict[tuple[int, int], int]

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at, self.held, self.count = 18, 0, 0

    def bits(self, n: int) -> int:
        while self.count < n:
            self.held |= int.from_bytes(self.data[self.at : self.at + 2], "little") << self.count
            self.at, self.count = self.at + 2, self.count + 16
        value = self.held & (1 << n) - 1
        self.held, self.count = self.held >> n, self.count - n
        return value

    def codes(self) -> Codes:
        """(length, code) -> value, canonical"""
        lengths = [self.bits(4) for _ in range(self.bits(5))]
        table, code = {}, 0
        for length in range(1, 17):
            for value in (v for v, n in enumerate(lengths) if n == length):
                table[length, code >> 16 - length] = value
                code += 1 << 16 - length
        return table

    def value(self, table: Codes) -> int:
        length = code = 0
        while (length, code) not in table:
            if length > 16:
                raise ValueError("not packed by ProPack")
            length, code = length + 1, code << 1 | self.bits(1)
        v = table[length, code]
        return v if v < 2 else self.bits(v - 1) | 1 << v - 1

    def unpacked(self) -> bytes:
        out = bytearray()
        self.bits(2)
        for _ in range(self.data[17]):
            raw, offsets, lengths = self.codes(), self.codes(), self.codes()
            for left in range(self.bits(16), 0, -1):
                n = self.value(raw)
                out += self.data[self.at : self.at + n]
                self.at += n
                if left > 1:
                    back = self.value(offsets) + 1
                    for _ in range(self.value(lengths) + 2):
                        out.append(out[-back])
        return bytes(out)


def only(pattern: str) -> bytes:
    """The file of a pattern, in any folder below."""
    with open(glob.glob(pattern, recursive=True)[0], "rb") as file:
        return file.read()


def steel_sky(folder: str) -> Iterator[Recording]:
    """Files from number 50000 on are spoken, packed after a header. Layout: ScummVM, engines/sky/disk.cpp"""
    index, disk = (only(f"{folder}/**/sky.{kind}") for kind in ("dnr", "dsk"))
    for k in range(struct.unpack_from("<I", index)[0]):
        (number,) = struct.unpack_from("<H", index, 4 + 8 * k)
        offset, size = (int.from_bytes(index[at : at + 3], "little") for at in (6 + 8 * k, 9 + 8 * k))
        size &= 0x3FFFFF
        if offset & 0x800000:
            offset = (offset & 0x7FFFFF) << 4
        packed = disk[offset + HEADER : offset + size]
        if number >= SPOKEN_FROM and packed.startswith(b"RNC\x01"):
            yield str(number), unsigned(ProPack(packed).unpacked()), OF_1994


def amazon_queen(folder: str) -> Iterator[Recording]:
    """Table of names, offsets and sizes, then MP3 files. Layout: ScummVM, engines/queen/resource.cpp"""
    data = only(f"{folder}/**/queen.1c")
    for k in range(struct.unpack_from(">H", data, 13)[0]):
        name, _, offset, size = struct.unpack_from(">12sBII", data, 15 + 21 * k)
        name = name.rstrip(b"\0").decode("ascii")
        if name.endswith(".SB") and size > LEAST_BYTES:
            samples, rate = soundfile.read(io.BytesIO(data[offset : offset + size]), dtype="float32")
            yield name, samples, rate
