#!/usr/bin/env python
"""Django's command line for Mage AI Studio."""

import sys

from config import VERSION
from config.start import read_settings


def main() -> None:
    from django.core.management import execute_from_command_line

    if sys.argv[1:] in (["version"], ["--version"]):
        # Django would tell its own.
        print(VERSION)
    else:
        read_settings()
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
