"""The media of a backup when they lie in a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from config.backups import media
from studio.tests.test_s3 import BUCKET, keys
from studio.tests.test_s3 import bucket as bucket
from studio.tests.test_s3 import s3_url as s3_url


def test_a_bucket_goes_into_a_folder_and_back(bucket: Any, tmp_path: Path) -> None:
    kept = {"files/1/clip.mp4": b"frames", "effects/2/cover.png": b"picture"}
    for key, content in kept.items():
        default_storage.save(key, ContentFile(content))
    assert media.save(tmp_path / "media") == (2, 13)
    assert {key: (tmp_path / "media" / key).read_bytes() for key in kept} == kept
    default_storage.delete("files/1/clip.mp4")
    bucket.put_object(Bucket=BUCKET, Key="effects/2/cover.png", Body=b"cut")
    media.load(tmp_path / "media")
    assert {key: bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys(bucket)} == kept


def test_what_was_not_copied_whole_is_not_stored(bucket: Any, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4.part").write_bytes(b"half")
    media.load(tmp_path)
    assert keys(bucket) == []
