"""Where a presigned upload lands until it is verified: a bucket, or a folder of ours with the same contract.

The client sends ``PUT url`` with the headers it was given. A large file may go to a bucket in parts instead: each part
is a PUT of its own, and joining them is our business.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError
from django.conf import settings
from django.core import signing
from django.core.files.storage import default_storage
from django.urls import reverse

from studio.models import MediaFile

TOKEN_SALT = "studio.uploads"
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Ticket:
    """What a client needs to send a file."""

    url: str
    """Of one PUT of the whole; a path of ours when it starts with a slash."""
    headers: dict[str, str]
    parts: tuple[str, ...] = ()
    """URLs for PUTs of ``UPLOAD_PART_BYTES`` each, the last of what is left; empty where parts are not offered."""


class Mismatch(Exception):
    """What lies there is not what was announced; the message is for the user."""


class Target(Protocol):
    def open(self, file: MediaFile) -> Ticket:
        """Let the client send the file; sets its ``multipart_id`` where parts are offered."""

    def fetch(self, file: MediaFile, folder: Path) -> Path | None:
        """What has arrived, as a local file that nobody changes any more; None if nothing has. Raises Mismatch."""

    def has(self, file: MediaFile) -> bool:
        """Whether something has arrived."""

    def discard(self, file: MediaFile) -> None:
        """Remove whatever has arrived; harmless when nothing has."""


def current_target() -> Target:
    return Bucket() if settings.S3_BUCKET else Folder()


def upload_headers(file: MediaFile) -> dict[str, str]:
    """What the client must send with the PUT, to the letter."""
    return {"Content-Type": file.mime_type, "x-amz-meta-file-id": str(file.pk)}


class Folder:
    """``PUT /uploads/{token}`` of this site; without parts, since nothing on the way limits a request to 5 GB."""

    def open(self, file: MediaFile) -> Ticket:
        token = signing.dumps(file.pk, salt=TOKEN_SALT)
        return Ticket(url=reverse("upload", args=[token]), headers=upload_headers(file))

    def path(self, file: MediaFile) -> Path:
        return settings.WORK_DIR / file.upload_key

    def fetch(self, file: MediaFile, folder: Path) -> Path | None:
        target = folder / Path(file.upload_key).name
        try:
            # Another PUT replaces the name, never what this link holds.
            target.hardlink_to(self.path(file))
        except FileNotFoundError:
            return None
        return target

    def has(self, file: MediaFile) -> bool:
        return self.path(file).exists()

    def discard(self, file: MediaFile) -> None:
        self.path(file).unlink(missing_ok=True)


class Bucket:
    """Straight to S3. Headers, size and all are signed, so the bucket refuses what differs."""

    def __init__(self) -> None:
        storage: Any = default_storage
        self._client = storage.connection.meta.client
        self._bucket = storage.bucket_name

    def open(self, file: MediaFile) -> Ticket:
        described = {"ContentType": file.mime_type, "Metadata": {"file-id": str(file.pk)}}
        url = self._presign("put_object", file, ContentLength=file.size, **described)
        parts: tuple[str, ...] = ()
        if file.size > settings.UPLOAD_PARTS_ABOVE_BYTES:
            created = self._client.create_multipart_upload(Bucket=self._bucket, Key=file.upload_key, **described)
            file.multipart_id = created["UploadId"]
            parts = tuple(
                self._presign("upload_part", file, UploadId=file.multipart_id, PartNumber=number, ContentLength=length)
                for number, length in enumerate(_part_lengths(file.size), start=1)
            )
        return Ticket(url=url, headers=upload_headers(file), parts=parts)

    def fetch(self, file: MediaFile, folder: Path) -> Path | None:
        if file.multipart_id:
            self._join(file)
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=file.upload_key)
        except self._client.exceptions.NoSuchKey:
            return None
        with closing(found["Body"]) as body:
            # Before a byte is read: a bucket that takes unsigned requests may hold anything under this key.
            if found["ContentLength"] != file.size:
                raise Mismatch(f"{file.size} bytes were announced and {found['ContentLength']} arrived.")
            sent = {"Content-Type": found["ContentType"], "x-amz-meta-file-id": found["Metadata"].get("file-id", "")}
            for name, value in upload_headers(file).items():
                if sent[name] != value:
                    raise Mismatch(f"{name} was to be {value} and is {sent[name] or 'missing'}.")
            target = folder / Path(file.upload_key).name
            with target.open("wb") as sink:
                for chunk in body.iter_chunks(_CHUNK):
                    sink.write(chunk)
        return target

    def has(self, file: MediaFile) -> bool:
        if file.multipart_id:
            listed = self._if_unfinished(self._client.list_parts, file)
            if listed and listed.get("Parts"):
                return True
        prefix = {"Bucket": self._bucket, "Prefix": file.upload_key}
        return bool(self._client.list_objects_v2(**prefix, MaxKeys=1).get("KeyCount"))

    def discard(self, file: MediaFile) -> None:
        if file.multipart_id:
            self._if_unfinished(self._client.abort_multipart_upload, file)
        self._client.delete_object(Bucket=self._bucket, Key=file.upload_key)

    def _join(self, file: MediaFile) -> None:
        """Make one object of the parts once all of them are there."""
        listed = self._if_unfinished(self._client.list_parts, file)
        parts = listed.get("Parts", []) if listed else []
        if sum(part["Size"] for part in parts) == file.size:
            named = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
            self._if_unfinished(self._client.complete_multipart_upload, file, MultipartUpload={"Parts": named})

    def _if_unfinished(self, call: Callable[..., Any], file: MediaFile, **arguments: object) -> Any:
        """The answer of a call about an upload in parts; None when that was joined or given up before."""
        try:
            return call(Bucket=self._bucket, Key=file.upload_key, UploadId=file.multipart_id, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
            return None

    def _presign(self, operation: str, file: MediaFile, **parameters: object) -> str:
        url: str = self._client.generate_presigned_url(
            operation,
            Params={"Bucket": self._bucket, "Key": file.upload_key, **parameters},
            ExpiresIn=settings.UPLOAD_URL_SECONDS,
        )
        return url


def _part_lengths(size: int) -> list[int]:
    whole, rest = divmod(size, settings.UPLOAD_PART_BYTES)
    return [settings.UPLOAD_PART_BYTES] * whole + ([rest] if rest else [])
