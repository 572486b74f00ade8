"""Quick signatures are Django's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import signing

from config.platform.signing import sign_number


def test_django_reads_what_is_signed() -> None:
    token = sign_number(4711, salt="studio.test")
    assert signing.loads(token, salt="studio.test", max_age=60) == 4711
    assert len(token) == len(signing.dumps(4711, salt="studio.test"))


def test_another_salt_or_secret_does_not(settings: Any) -> None:
    token = sign_number(4711, salt="studio.test")
    with pytest.raises(signing.BadSignature):
        signing.loads(token, salt="studio.other")
    settings.SECRET_KEY = "another"
    with pytest.raises(signing.BadSignature):
        signing.loads(token, salt="studio.test")
    assert signing.loads(sign_number(4711, salt="studio.test"), salt="studio.test") == 4711
