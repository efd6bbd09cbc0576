"""The virtual environment: made once, filled from hashed requirements, left alone while nothing changed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib
import importlib.util
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools import machine
from tools.machine import failure, give_up, say

ABI = f"{sys.implementation.cache_tag}{sys.abiflags}-{platform.machine()}"
ASK_ABI = "import pip, platform, sys;print(f'{sys.implementation.cache_tag}{sys.abiflags}-{platform.machine()}')"


@dataclass(frozen=True)
class Environment:
    """The virtual environment in `home` that serves the source tree in `root`."""

    root: Path
    home: Path

    @property
    def python(self) -> Path:
        """The interpreter inside."""
        return self.home / "bin" / "python"

    def requirements(self, name: str) -> Path:
        """The hashed list called `name`: run, dev or bootstrap."""
        return self.root / "requirements" / f"{name}.txt"

    def stamp(self, kind: str) -> Path:
        """The file that holds the digest of what was installed last."""
        return self.home / f"tocsin-{kind}.sha256"

    def digest(self, kind: str) -> str:
        """Everything that, when it changes, asks for a new installation."""
        digest = hashlib.sha256(f"{ABI}\n{self.root}\n{self.home}\n".encode())
        digest.update(self.requirements("bootstrap").read_bytes())
        digest.update(self.requirements(kind).read_bytes())
        return digest.hexdigest()

    def is_current(self, kind: str) -> bool:
        """Tell whether nothing has to be installed; what `dev` holds is enough for `run`."""
        enough = ("run", "dev") if kind == "run" else (kind,)
        return os.access(self.python, os.X_OK) and any(self._is_stamped(each) for each in enough)

    def bring_up_to_date(self, kind: str) -> None:
        """Make and fill the environment if anything changed; one process at a time."""
        if self.is_current(kind):
            return
        with self._alone():
            if not self.is_current(kind):
                if not self._fits():
                    self._make()
                self._install(kind)
                self._connect()
                self.stamp(kind).write_text(self.digest(kind))

    def _is_stamped(self, kind: str) -> bool:
        stamp = self.stamp(kind)
        return stamp.exists() and stamp.read_text() == self.digest(kind)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        # The lock is on the folder around it: a rebuild removes the environment with everything inside.
        self.home.parent.mkdir(parents=True, exist_ok=True)
        door = os.open(self.home.parent, os.O_RDONLY)
        try:
            try:
                fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another ./run is installing; waiting for it")
                fcntl.flock(door, fcntl.LOCK_EX)
            yield
        finally:
            os.close(door)

    def _fits(self) -> bool:
        if not os.access(self.python, os.X_OK):
            return False
        return machine.answer(self.python, "-c", ASK_ABI) == ABI

    def _make(self) -> None:
        command = venv_command()
        say(f"making the virtual environment {self.home} with Python {platform.python_version()}")
        shutil.rmtree(self.home, ignore_errors=True)
        cause = failure(*command, self.home)
        if cause:
            shutil.rmtree(self.home, ignore_errors=True)
            give_up(f"the virtual environment could not be made: {cause}")

    def _install(self, kind: str) -> None:
        wanted = self.requirements(kind)
        say(f"installing {wanted.relative_to(self.root)}")
        pip = (
            self.python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
        )
        cause = failure(*pip, "--only-binary", ":all:", "-r", self.requirements("bootstrap"))
        if cause is None:
            uv = (self.home / "bin" / "uv", "pip", "install", "--quiet", "--python", self.python)
            cause = failure(*uv, "--compile-bytecode", "--no-build", "--require-hashes", "-r", wanted)
        if cause:
            # pip knows the proxies and mirrors of pip.conf, and platforms that uv has no wheel for.
            say(f"uv could not ({cause}); trying pip, which takes longer")
            cause = failure(*pip, "-r", wanted)
        if cause:
            give_up(f"the packages could not be installed: {cause}")

    def _connect(self) -> None:
        # A .pth file needs no build back end; but it makes no console script, so that is written here.
        for site_packages in self.home.glob("lib/python*/site-packages"):
            (site_packages / "tocsin.pth").write_text(f"{self.root}\n")
        script = self.home / "bin" / "tocsin"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(self.python))} -P -m app.cli "$@"\n')
        script.chmod(0o755)


def venv_command() -> tuple[str, ...]:
    """How this machine makes virtual environments; installs the missing part as root, else names it."""
    if _has_ensurepip():
        return (sys.executable, "-m", "venv")
    uv = shutil.which("uv")
    if uv:
        return (uv, "venv", "--quiet", "--seed", "--python", sys.executable)
    package = f"python3.{sys.version_info.minor}-venv"
    if not (machine.may_install() and machine.apt_install(package) and _has_ensurepip()):
        give_up(
            f"this Python ({sys.executable}) cannot make virtual environments. Install what is missing once, "
            f"then run again:  sudo apt-get install {package}"
        )
    return (sys.executable, "-m", "venv")


def _has_ensurepip() -> bool:
    importlib.invalidate_caches()
    return importlib.util.find_spec("ensurepip") is not None
