"""The supervisor behind ``manage.py serve``, in a process without Django, since it lives as long as the site does.

The arguments are the fields of ``Site``; ``serve`` reads them from the settings.
"""

import asyncio
import sys
from argparse import ArgumentParser
from dataclasses import fields

from config.stack.folders import FolderInUse, FolderLock
from config.stack.logs import Log
from config.stack.serving import PortInUse, Site, check_port, serve


def main() -> int:
    parser = ArgumentParser(prog="serve")
    for field in fields(Site):
        parser.add_argument(f"--{field.name}", type=field.type, required=True)
    site = Site(**vars(parser.parse_args()))
    try:
        lock = FolderLock(site.data_dir)
        check_port(site.host, site.port)
        asyncio.run(serve(site, Log(sys.stdout)))
        lock.release()
    except (FolderInUse, PortInUse, RuntimeError) as error:
        print(f"serve: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
