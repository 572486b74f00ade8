"""The embedded stack: PostgreSQL, Redis and this project's processes, run by one command on one machine.

A plain package: it knows no Django, because it runs before there is a database for Django to use.
"""
