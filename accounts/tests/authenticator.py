"""An authenticator in software: real keys and signatures, made the way a phone or a security key makes them."""

from __future__ import annotations

import json
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

ORIGIN = "https://testserver"
OPENED = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
"""The owner was there, and opened it by touch or PIN."""


class SoftAuthenticator:
    """Holds one passkey."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.user_handle = ""

    def create(self, options: dict[str, Any], flags: int = OPENED) -> str:
        """What ``navigator.credentials.create`` answers, as JSON."""
        asked = options["publicKey"]
        self.user_handle = asked["user"]["id"]
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        data = AuthenticatorData.create(
            sha256(asked["rp"]["id"].encode()), flags | AuthenticatorData.FLAG.AT, 0, credential
        )
        attestation = AttestationObject.create("none", data, {})
        return self._answer(asked, "webauthn.create", attestationObject=websafe_encode(attestation))

    def get(self, options: dict[str, Any], flags: int = OPENED) -> str:
        """What ``navigator.credentials.get`` answers, as JSON."""
        asked = options["publicKey"]
        data = AuthenticatorData.create(sha256(asked["rpId"].encode()), flags, 0)
        signature = self.key.sign(data + self._client_data(asked, "webauthn.get").hash, ec.ECDSA(SHA256()))
        return self._answer(
            asked,
            "webauthn.get",
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signature),
            userHandle=self.user_handle,
        )

    def _client_data(self, asked: dict[str, Any], kind: str) -> CollectedClientData:
        return CollectedClientData.create(kind, websafe_decode(asked["challenge"]), self.origin)

    def _answer(self, asked: dict[str, Any], kind: str, **response: str) -> str:
        name = websafe_encode(self.id)
        client_data = websafe_encode(self._client_data(asked, kind))
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {"clientDataJSON": client_data, **response},
            }
        )
