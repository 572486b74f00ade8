"""One data folder, one owner."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.stack.folders import FolderInUse, FolderLock


def test_a_folder_is_held_until_its_holder_lets_go(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(FolderInUse, match="STUDIO_DATA_DIR"):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    code = "import os, signal, sys; from pathlib import Path; from config.stack.folders import FolderLock; "
    code += "lock = FolderLock(Path(sys.argv[1])); print('held', flush=True); signal.pause()"
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderInUse, match=f"process {holder.pid}"):
            FolderLock(tmp_path)
        holder.kill()
        holder.wait()
    FolderLock(tmp_path).release()
