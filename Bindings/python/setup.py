"""Puts libbonafide, as `make library` leaves it, inside the wheel."""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1, such as Debian 12's
    from wheel.bdist_wheel import bdist_wheel

HERE = pathlib.Path(__file__).parent.resolve()
ROOT = HERE.parents[1]


def version() -> str:
    """Of the engine; in a source distribution, which has not its sources, the one that was noted."""
    source, noted = ROOT / "Sources/Bonafide/Version.swift", HERE / "PKG-INFO"
    file, pattern = (noted, r"^Version: (\S+)$") if noted.exists() else (source, r'version = "([^"]+)"')
    found = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise SystemExit(f"no version in {file}")
    return found.group(1)


def uses_system() -> bool:
    """Whether no library goes inside: `BONAFIDE_LIBRARY` is empty, or this is a source distribution where the system has one."""
    named = os.environ.get("BONAFIDE_LIBRARY")
    if named is not None or (ROOT / "Package.swift").exists():
        return named == ""
    try:
        ctypes.CDLL("libbonafide.so.0")
    except OSError:
        return False
    return True


def build_library() -> None:
    """Builds libbonafide of the sources beside; what is wrong, and what to do, is the last line."""
    if not (ROOT / "Package.swift").exists():
        raise SystemExit(
            "libbonafide.so.0 is missing, and these are the sources of the Python part alone: "
            "install Debian's libbonafide0, or what `make install` of Bonafide's sources and `ldconfig` leave, and try again; "
            "or install the wheel, which has it inside")
    if shutil.which("swift") is None:
        raise SystemExit(
            f"libbonafide is not built, and there is no swift to build it: install Swift 6.3, run `make library` in {ROOT}, and try again")
    if subprocess.run(["make", "library"], cwd=ROOT, check=False).returncode != 0:
        raise SystemExit(f"libbonafide cannot be built: run `make library` in {ROOT} and see README.md there for what it takes")


class BuildWithLibrary(build_py):
    def run(self) -> None:
        super().run()
        if uses_system():
            return
        library = pathlib.Path(os.environ.get("BONAFIDE_LIBRARY", ROOT / ".build/c/libbonafide.so"))
        if not library.exists() and "BONAFIDE_LIBRARY" not in os.environ:
            build_library()
        if not library.exists():
            raise SystemExit(f"{library} is missing: run `make library` in {ROOT} first, or name one in BONAFIDE_LIBRARY, or "
                             "nothing for the system's")
        shutil.copyfile(library.resolve(), pathlib.Path(self.build_lib) / "bonafide/libbonafide.so")


class WithLibrary(Distribution):
    def has_ext_modules(self) -> bool:
        """Whether it goes where packages of one platform go."""
        return not uses_system()


class PlatformWheel(bdist_wheel):
    """Of one platform for the library inside, and of any Python 3, to which it is no extension module."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple:
        return "py3", "none", super().get_tag()[2]


setup(version=version(), distclass=WithLibrary, cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel})
