"""The log lines of the model libraries."""

from __future__ import annotations

from diffusers.utils import logging as of_diffusers
from transformers.utils import logging as of_transformers


def log_as_the_others_do() -> None:
    """Let the libraries' lines go where all of the program's go, instead of out in a form of their own."""
    for library in (of_diffusers, of_transformers):
        library.disable_default_handler()
        library.enable_propagation()
