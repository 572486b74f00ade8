"""The event server: ``python -m config.streams``. It speaks no HTTP: web processes pass it connections to follow on.

One event loop holds them all. A stream is a socket and its place in a log; what costs memory, such as a task or a
parser, each of them shares with all others.
"""
