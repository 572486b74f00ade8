"""``python -m bench``: rendering, then flicker."""

import sys

from bench import flicker, render

sys.exit(max(render.main(), flicker.main()))
