"""A TCP address in front of a real server, which can go away, hang and come back."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Self


class Relay:
    """Passes bytes on to a Unix or TCP socket. A context manager; ``address`` is (host, port)."""

    def __init__(self, target: str | tuple[str, int]) -> None:
        self._target = target
        self._listener = self._listen(0)
        self.address: tuple[str, int] = self._listener.getsockname()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._passing = threading.Event()
        self._passing.set()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go()

    def go(self) -> None:
        """As if the server was killed: connections break, new ones are refused."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        self._break()

    def hang(self) -> None:
        """Connections are taken and kept, and nothing is ever answered."""
        self._passing.clear()

    def come_back(self) -> None:
        """Up again, whichever way it was down."""
        if self._listener.fileno() < 0:
            self._listener = self._listen(self.address[1])
            self._accepting = threading.Thread(target=self._accept, daemon=True)
            self._accepting.start()
        self._passing.set()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port), backlog=64)

    def _break(self) -> None:
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, self._connect() as server, selectors.DefaultSelector() as ready:
            with self._lock:
                self._open |= {client, server}
            others = {client: server, server: client}
            for each in others:
                ready.register(each, selectors.EVENT_READ)
            with suppress(OSError):
                while True:
                    for key, _ in ready.select():
                        source = key.fileobj
                        assert isinstance(source, socket.socket)
                        if not (data := source.recv(65536)):
                            return
                        self._passing.wait()
                        others[source].sendall(data)
            with self._lock:
                self._open -= {client, server}

    def _connect(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        return server
