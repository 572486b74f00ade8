"""One program to run: its command line, its environment and how it ends."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from config.stack.heartbeats import HeartbeatWatch

UNPRIVILEGED_USER = "nobody"
"""Who runs what refuses to run as root. The one such user that every Unix has."""


@dataclass(frozen=True)
class Program:
    """What to run and how to stop it.

    ``death_signal`` is what the kernel sends when the process that started the program dies without stopping it, so it
    must be one that ends the program's own children as well: SIGKILL for a program without any.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of whoever starts it."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_seconds: float = 10.0
    """How long it may take to stop before its whole process group is killed."""
    drop_root: bool = False
    heartbeat: HeartbeatWatch | None = None
    """How to notice that it hangs, for one that gives signs of life; None: only its end is noticed."""

    def command(self) -> list[str]:
        """The command line that also ties the program's life to its parent's.

        Raises RuntimeError when root can't be dropped.
        """
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            if self.drop_root and is_root():
                raise RuntimeError(
                    "The embedded database can't run as root here: install setpriv (util-linux) or log in as a user."
                )
            # Only Linux lets a parent's death reach its children.
            return [*self.argv]
        wrapper = [setpriv, "--pdeathsig", self.death_signal.name.removeprefix("SIG")]
        if self.drop_root and is_root():
            user = pwd.getpwnam(UNPRIVILEGED_USER)
            # The checkout may lie in a folder that only root may enter (/root): the program keeps that one right.
            wrapper += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            wrapper += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return [*wrapper, "--", *self.argv]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.env}

    def run(self) -> None:
        """Run to the end. Raises RuntimeError with the program's own words if it fails."""
        ended = subprocess.run(
            self.command(),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            process_group=0,
        )
        if ended.returncode:
            raise RuntimeError(f"{self.name} failed with status {ended.returncode}:\n{ended.stdout}{ended.stderr}")

    def start(self) -> subprocess.Popen[bytes]:
        """Start in a process group of its own, without output.

        Call it from a thread that lives as long as the program should: for the kernel that thread is the parent.
        """
        return subprocess.Popen(
            self.command(),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stop what ``start`` started, kindly first, and wait for it."""
        process.send_signal(self.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.grace_seconds)
        kill_group(process.pid)
        process.wait()


def package_folder(package: str) -> Path:
    """Where an installed package lies. It is not imported: those that bring binaries do things on import."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{package} is not installed: run `make`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.submodule_search_locations[0])


def is_root() -> bool:
    return os.geteuid() == 0


def kill_group(group: int) -> None:
    """Kill whatever is left of a process group."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
