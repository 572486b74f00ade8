"""A small real identity provider: Discord's, GitHub's and Google's addresses, and an OpenID Connect issuer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "studio-client", "studio-secret"
GOOGLE = "https://accounts.google.com"


class IdentityServer:
    """Logs everybody in as ``person`` (id, name, email, verified); remembers the codes and their PKCE challenges."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"id": "4711", "name": "ann", "email": "ann@example.com", "verified": True}
        self.refuses_tokens = False
        self.make_id_token: Callable[[dict[str, Any]], str] = self.sign
        """From the claims to the token: for tests that forge one."""
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: set[str] = set()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = certify(self.key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def authorize(self, path: str, query: dict[str, str]) -> str:
        """What the login page answers: where the browser goes next."""
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query.get("code_challenge_method") == (None if path == "/v19.0/dialog/oauth" else "S256")
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = None
        if "code_verifier" in form:
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            self.refuses_tokens
            or asked is None
            or asked.get("code_challenge") != challenge
            or asked["redirect_uri"] != form.get("redirect_uri")
            or (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET)
        ):
            return None
        token = secrets.token_urlsafe(8)
        self.tokens.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if "openid" in asked["scope"].split():
            # A mirror of Google hands on what Google issued.
            issuer = GOOGLE if asked["redirect_uri"].endswith("/google/callback") else self.url
            claims = {"iss": issuer, "aud": CLIENT_ID, "iat": int(time.time()), "exp": int(time.time()) + 60}
            answer["id_token"] = self.make_id_token({**claims, **self.claims()})
        return answer

    def sign(self, claims: dict[str, Any], kid: str = "1") -> str:
        return jwt.encode(claims, self.key, "RS256", headers={"kid": kid})

    def claims(self) -> dict[str, Any]:
        person = self.person
        names = {"name": person["name"], "given_name": person["name"]}
        return {"sub": person["id"], "email": person["email"], "email_verified": person["verified"], **names}

    def get(self, path: str, query: dict[str, str], token: str) -> Any:
        """The answer to a GET; None: 404."""
        person = self.person
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/jwks",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/jwks":
            return {"keys": [{**json.loads(RSAAlgorithm.to_jwk(self.key.public_key())), "kid": "1", "alg": "RS256"}]}
        if path == "/oauth2/v1/certs":
            return {"1": self.certificate}
        if path == "/v19.0/me":
            token = query["access_token"]
            assert query["appsecret_proof"] == hmac.new(CLIENT_SECRET.encode(), token.encode(), "sha256").hexdigest()
        if token not in self.tokens:
            return None
        return {
            "/api/users/@me": {
                "id": person["id"],
                "username": person["name"],
                "email": person["email"],
                "verified": person["verified"],
            },
            "/user": {"id": int(person["id"]), "login": person["name"], "name": person["name"]},
            "/user/emails": [{"email": person["email"], "primary": True, "verified": person["verified"]}],
            # Facebook's "verified" is about the person.
            "/v19.0/me": {
                "id": person["id"],
                "first_name": person["name"],
                "verified": True,
                **({"email": person["email"]} if person["email"] else {}),
            },
            "/userinfo": self.claims(),
        }.get(path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                query = dict(parse_qsl(address.query))
                if address.path.endswith(("/authorize", "/auth", "/dialog/oauth")):
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(address.path, query))
                    self.end_headers()
                    return
                if address.path == "/v19.0/oauth/access_token":
                    self._exchange(query)
                    return
                token = self.headers.get("Authorization", "").rpartition(" ")[2]
                answer = provider.get(address.path, query, token)
                self._answer(404 if answer is None else 200, answer)

            def do_POST(self) -> None:
                self._exchange(dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())))

            def _exchange(self, form: dict[str, str]) -> None:
                answer = provider.exchange(form)
                self._answer(400 if answer is None else 200, answer or {"error": "invalid_grant"})

            def _answer(self, status: int, body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Silent."""

        return Handler


def certify(key: rsa.RSAPrivateKey) -> str:
    """A certificate of the key by itself, as Google publishes its keys."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "identity.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
