"""What ``bench.load`` measures on: a gallery, people who can sign in and have videos, and a clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PASSWORD = "correct horse battery"
ITEMS, PEOPLE, VIDEOS = 2_000, 20, 200


@dataclass(frozen=True)
class Person:
    email: str
    token: str


def furnish(folder: Path) -> tuple[list[Person], bytes]:
    """People, and the bytes of a clip of two seconds with sound."""
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import User
    from accounts.services import Device, open_session
    from bench.api_rows import fill
    from studio.models import Video
    from tenants.scope import all_tenants
    from tenants.services import create_tenant

    call_command("migrate", verbosity=0)
    fill(ITEMS)
    people, password = [], make_password(PASSWORD)
    with all_tenants():
        for number in range(PEOPLE):
            tenant = create_tenant(name=f"bench{number}")
            email = f"person{number}@example.com"
            user = User.objects.create(email=email, password=password, tenant=tenant, name=f"Person {number}")
            Video.objects.bulk_create(
                Video(tenant=tenant, owner=user, type="vid2vid", title=str(n)) for n in range(VIDEOS)
            )
            people.append(Person(email, open_session(user=user, device=Device()).access))
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    return people, _clip(folder / "clip.mp4")


def _clip(path: Path) -> bytes:
    import ffmpeg

    from studio.rendering.media.ffmpeg import binary

    tone = ffmpeg.input("sine=frequency=440:duration=2", f="lavfi")
    picture = ffmpeg.input("testsrc2=size=448x256:rate=24:duration=2", f="lavfi")
    ffmpeg.output(picture, tone, str(path), pix_fmt="yuv420p").run(cmd=binary(), quiet=True)
    return path.read_bytes()
