#!/usr/bin/env python
"""Django's command line for Mage AI Studio."""

import os
import sys

from config import VERSION


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    if sys.argv[1:] in (["version"], ["--version"]):
        # Django would tell its own.
        print(VERSION)
    else:
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
