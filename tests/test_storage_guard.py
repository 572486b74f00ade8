"""Nobody waits for the storage while a transaction is open."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from config.platform.storage import InTransaction

pytestmark = pytest.mark.django_db


def test_a_file_asked_for_in_a_transaction_is_an_error() -> None:
    default_storage.save("guarded", ContentFile(b"x"))
    with transaction.atomic():
        for ask in (
            lambda: default_storage.open("guarded"),
            lambda: default_storage.save("other", ContentFile(b"x")),
            lambda: default_storage.delete("guarded"),
        ):
            with pytest.raises(InTransaction):
                ask()
        assert default_storage.exists("guarded")
    default_storage.delete("guarded")
