"""Where every environment variable is read, once and typed.

Order of precedence: the process environment, ``.env`` in the repository, ``stack.env`` in the data folder (written by
``manage.py serve``, so that a command typed in a second terminal talks to the same embedded PostgreSQL and Redis).
"""

from pathlib import Path

from config.settings.values import Values

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = Values()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

DATA_DIR = env.folder("STUDIO_DATA_DIR", str(BASE_DIR / ".data")).resolve()
env.read_env(str(DATA_DIR / "stack.env"), recurse=False)
