"""Processes that die on purpose: a real ``kill -9`` before a given write or commit."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.db import connection

from tenants.scope import all_tenants

_processes = multiprocessing.get_context("forkserver")
# The server forks children that have Django loaded and no connection open.
_processes.set_forkserver_preload([__name__])


def run_and_kill(verb: Callable[..., object], *args: Any, step: int) -> bool:
    """Run ``verb(*args)`` over all tenants in a process that is killed before its write number ``step``.

    Commits and savepoints count as writes. What only reads leaves nothing behind to be killed between.

    ``verb`` is a function of a module. Answers whether it was killed; False means that it ended before that. Raises
    AssertionError when it failed by itself.
    """
    name = connection.settings_dict["NAME"]
    child = _processes.Process(target=_run, args=(name, verb.__module__, verb.__qualname__, args, step))
    child.start()
    child.join()
    if child.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"The process ended with status {child.exitcode}.")
    return child.exitcode != 0


def _run(database: str, module: str, name: str, args: tuple[Any, ...], step: int) -> None:
    connection.settings_dict["NAME"] = database
    verb = getattr(importlib.import_module(module), name)
    with all_tenants():
        connection.ensure_connection()
        countdown = _Countdown(step)
        commit = connection._commit

        def commit_or_die() -> None:
            countdown.tick()
            commit()

        connection._commit = commit_or_die  # type: ignore[method-assign]
        with connection.execute_wrapper(countdown):
            verb(*args)


class _Countdown:
    def __init__(self, step: int) -> None:
        self._left = step

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not str(sql).lstrip().upper().startswith("SELECT"):
            self.tick()
        return execute(sql, params, many, context)

    def tick(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
