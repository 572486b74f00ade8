"""Who uses the studio meanwhile: threads that go on until ``over`` is set and count what they were promised."""

from __future__ import annotations

import secrets
import socket
import statistics
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

RETRY_SECONDS = 0.5
ANSWER_SECONDS = 60


class Person(threading.Thread):
    """Repeats ``act``. What the studio answered with success is a promise; an error of its own is a complaint."""

    def __init__(self, url: str, over: threading.Event) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.url = url
        self.over = over
        self.http = requests.Session()
        self.complaints: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            self.act()

    def act(self) -> None:
        raise NotImplementedError

    def register(self) -> None:
        email, password = f"siege-{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(12)
        body = {"name": "Siege", "email": email, "password": password, "c_password": password}
        answer = self.insist("POST", "/api/register", json=body)
        while answer.status_code == 422:
            # The answer to the first try was lost on its way.
            answer = self.insist("POST", "/api/login", json={"email": email, "password": password})
        self.http.headers["Authorization"] = f"Bearer {answer.json()['data']['token']}"
        self.email = email

    def insist(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask until there is an answer other than 'not now'."""
        while True:
            try:
                answer = self.http.request(method, self.url + path, timeout=ANSWER_SECONDS, **options)
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(RETRY_SECONDS)
                continue
            if answer.status_code >= 500 and answer.status_code not in (502, 503, 504):
                self.complaints.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            if answer.status_code < 500 and answer.status_code not in (409, 429):
                return answer
            time.sleep(RETRY_SECONDS)


class Renderer(Person):
    """Uploads a clip, asks for a preview and a final, cancels now and then."""

    def __init__(self, url: str, over: threading.Event, clip: bytes) -> None:
        super().__init__(url, over)
        self.clip = clip
        self.jobs: set[int] = set()
        self.cancelled: set[int] = set()

    def run(self) -> None:
        self.register()
        super().run()

    def act(self) -> None:
        # Trailing bytes make another file of it, which shares no blob.
        files = {"attachment": ("clip.mp4", self.clip + secrets.token_bytes(16))}
        answer = self.insist("POST", "/api/upload", data={"type": "vid2vid"}, files=files)
        if answer.status_code >= 300:
            self.complaints.append(f"upload: {answer.status_code} {answer.text[:200]}")
            return
        video = answer.json()["data"]["videoId"]
        body = {"videoId": video, "type": "vid2vid", "prompt": "a neon city", "frameCount": 2, "seed": 7}
        if self.ask("/api/generate", body) and self.until_idle(video) == "preview":
            if secrets.randbelow(5) == 0:
                self.insist("POST", f"/api/cancelJob/{video}")
            elif self.ask("/api/finalize", {"videoId": video}):
                self.until_idle(video)

    def ask(self, path: str, body: dict[str, Any]) -> bool:
        answer = self.insist("POST", path, json=body, headers={"Idempotency-Key": secrets.token_hex(16)})
        if answer.status_code in (200, 201):
            self.jobs.add(answer.json()["data"]["job_id"])
            return True
        if answer.json().get("code") != "insufficient_credits":
            self.complaints.append(f"{path}: {answer.status_code} {answer.text[:200]}")
        else:
            self.over.wait(1)
        return False

    def until_idle(self, video: int) -> str:
        while True:
            row = self.insist("GET", f"/status/{video}").json()["data"]
            if row["status"] not in ("processing", "approved") or self.over.is_set():
                return str(row["status"])
            self.over.wait(0.5)


class Buyer(Person):
    """Orders credits and pays them from a balance, one key for each purchase however often it is sent."""

    def __init__(self, url: str, over: threading.Event) -> None:
        super().__init__(url, over)
        self.orders: set[int] = set()

    def run(self) -> None:
        self.register()
        self.product = self.insist("GET", "/api/products").json()["data"]["items"][0]["id"]
        super().run()

    def act(self) -> None:
        body = {"productId": self.product, "quantity": 1, "payment_method": "balance"}
        key = secrets.token_hex(16)
        answer = self.insist("POST", "/api/orders", json=body, headers={"Idempotency-Key": key})
        if answer.status_code not in (200, 201):
            self.complaints.append(f"order: {answer.status_code} {answer.text[:200]}")
            return
        order = answer.json()["data"]["id"]
        answer = self.insist("PATCH", "/api/orders/confirm-order", json={"orderId": order})
        if answer.status_code == 200:
            self.orders.add(order)
        elif answer.json().get("code") == "insufficient_funds":
            self.over.wait(1)
        else:
            self.complaints.append(f"confirm: {answer.status_code} {answer.text[:200]}")
        self.over.wait(0.2)


class Visitor(Person):
    """Looks at the gallery and takes the time."""

    def __init__(self, url: str, over: threading.Event) -> None:
        super().__init__(url, over)
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()

    def act(self) -> None:
        began = time.perf_counter()
        try:
            answer = requests.get(f"{self.url}/api/gallery", timeout=ANSWER_SECONDS)
        except (requests.ConnectionError, requests.Timeout) as error:
            # Nobody listens while the web server itself is down.
            self.outcomes[type(error).__name__] += 1
        else:
            self.outcomes[str(answer.status_code)] += 1
            self.seconds.append(time.perf_counter() - began)
            if answer.status_code == 500:
                self.complaints.append(f"gallery: 500 {answer.text[:200]}")
        self.over.wait(0.1)

    def p99(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[98]


class SlowWriter(Person):
    """Sends the body of a login a byte at a time."""

    def act(self) -> None:
        where = urlsplit(self.url)
        head = (
            "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n"
        )
        try:
            with socket.create_connection((where.hostname or "", where.port or 0), timeout=ANSWER_SECONDS) as sock:
                sock.sendall(f"{head}\r\n".encode())
                while not self.over.wait(1):
                    sock.sendall(b" ")
        except OSError:
            self.over.wait(1)


class SlowReader(Person):
    """Asks for a page and reads it a byte at a time."""

    def act(self) -> None:
        where = urlsplit(self.url)
        try:
            with socket.create_connection((where.hostname or "", where.port or 0), timeout=ANSWER_SECONDS) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
                sock.sendall(b"GET /api/schema HTTP/1.1\r\nHost: localhost\r\n\r\n")
                while not self.over.wait(1) and sock.recv(1):
                    pass
        except OSError:
            self.over.wait(1)


class Vandal(Person):
    """Uploads broken media, each file once."""

    def __init__(self, url: str, over: threading.Event, files: list[Path]) -> None:
        super().__init__(url, over)
        self.files = files
        self.outcomes: Counter[int] = Counter()

    def run(self) -> None:
        self.register()
        for path in self.files:
            with path.open("rb") as file:
                content = file.read()
            kind = "soundtrack" if path.suffix in {".mp3", ".wav", ".aac", ".m4a"} else "attachment"
            answer = self.insist("POST", "/api/upload", data={"type": "deforum"}, files={kind: (path.name, content)})
            self.outcomes[answer.status_code] += 1
            if answer.status_code not in (200, 201, 413, 422):
                self.complaints.append(f"{path.name}: {answer.status_code} {answer.text[:200]}")
