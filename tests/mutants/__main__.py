"""Change the code in one place after the other, in a copy, and say which changes the tests let through.

``python -m tests.mutants [word ...]`` tries the mutants whose names have one of the words, or all of them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
TESTS_FAILED = 1
"""What pytest answers then; anything above is a broken run, which shows nothing."""


def main(words: Sequence[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        ensure_green(chosen, tree)
        survivors = [mutant for mutant in chosen if not is_killed(mutant, tree)]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants killed")
    return int(bool(survivors) or not chosen)


def copy_tree(tree: Path) -> None:
    """The files that git knows, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)


def ensure_green(mutants: Sequence[Mutant], tree: Path) -> None:
    """Raises SystemExit when a test fails without a mutant: then its failing says nothing."""
    names = dict.fromkeys(name for mutant in mutants for name in mutant.tests.split())
    if names:
        run = run_tests(tree, [*names])
        if run.returncode:
            raise SystemExit(f"The tests fail as the code is.\n{run.stdout[-2000:]}")


def is_killed(mutant: Mutant, tree: Path) -> bool:
    """Whether the mutant's tests fail with it. Raises SystemExit when the code has changed under it."""
    path = tree / mutant.file
    right = path.read_text()
    if right.count(mutant.right) != 1:
        raise SystemExit(f"{mutant.name}: {mutant.file} has what is to be changed {right.count(mutant.right)} times")
    path.write_text(right.replace(mutant.right, mutant.wrong))
    try:
        run = run_tests(tree, mutant.tests.split())
    finally:
        path.write_text(right)
    if run.returncode not in (0, TESTS_FAILED):
        raise SystemExit(f"{mutant.name}: the tests did not run\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    by = next((line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
    print(f"{'killed  ' if run.returncode else 'SURVIVED'} {mutant.name}  {by[:120]}", flush=True)
    return bool(run.returncode)


def run_tests(tree: Path, names: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *names]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
