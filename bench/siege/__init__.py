"""The whole studio under attack: ``python -m bench.siege [--kills 200] [--media 2000]``.

A ``serve`` of its own is filled with people who upload, render and buy, while programs, PostgreSQL and Redis are
killed, broken media files are sent in, and slow clients hold connections. Afterwards nothing may be lost, paid twice or
left over.
"""
