"""One real row of everything that a route can name: the owner's, made by the product's own services.

Every private text in them holds ``SECRET``, so that an answer that tells one is found.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Model
from django.utils import timezone

from accounts.models import Invitation, User
from accounts.services import Device, open_session
from accounts.services.personal_data import export, request_export
from commerce.models import Product, Wallet, WalletType
from commerce.services import finance, orders
from commerce.services.wallets import open_wallet, personal_balance
from effects.models import Category, Effect
from effects.previews import preview_name, storage_key
from effects.services import delete_effect
from gallery.services import moderate, publish
from messaging.models import Block, Message
from messaging.services import block, open_chat, own_attachment, send_message
from studio.models import MediaFile, Preset, RenderJob, Video
from studio.rendering.deforum.parameters import frame_table, static_settings
from studio.rendering.deforum.settings import import_settings
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.requests.types import DeforumRequest
from studio.services.files import presigned
from studio.services.files.store import LINK_SALT, store_file
from studio.services.files.upload_targets import TOKEN_SALT, upload_headers
from studio.services.jobs.lifecycle import submit_render
from studio.services.jobs.live_frames import FRAME_SALT, keep_frame
from studio.services.steering.controls import take
from studio.services.steering.pictures import REEL_SALT, keep_thumbnails
from studio.services.steering.records import keep_records
from support.services import add_note, file_anonymous_request, file_request
from support.services.links import follow_token
from tenants.scope import all_tenants, tenant_scope

SECRET = "k!pt"
"""No token has an exclamation mark, and of a wallet's account the last four characters are shown."""

# What anybody's visit moves.
_COUNTED = {"views", "likes", "popularity"}


@dataclass(frozen=True)
class Row:
    """A row, and what stands for it in a path: its key unless ``path`` says otherwise."""

    instance: Model | None
    path: tuple[Any, ...] = ()
    link: bool = False
    """Its address is the permission."""
    shared: bool = False
    """Nobody's, or of whoever calls: used, not asked for."""
    content: bytes = b""
    """What is sent to it."""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> tuple[Any, ...]:
        return self.path or (self.instance.pk,)  # type: ignore[union-attr]

    def state(self) -> dict[str, Any] | None:
        """Its columns as they are in the database; None when it is gone."""
        if self.instance is None:
            return None
        with all_tenants():
            found = type(self.instance)._base_manager.filter(pk=self.instance.pk).values().first()
        return found and {name: value for name, value in found.items() if name not in _COUNTED}


Rows = dict[str, Row]


def make_rows(people: dict[str, User], media_dir: Path) -> Rows:
    """The rows by the names that the tables use."""
    owner = people["owner"]
    rows = {
        "user": Row(owner),
        "chief": Row(people["chief"]),
        "member": Row(people["colleague"]),
        "peer": Row(people["peer"]),
        "service": Row(None, ("database",)),
        "provider": Row(None, ("discord",)),
    }
    with tenant_scope(owner.tenant_id):
        rows |= _account_rows(owner)
        rows |= _catalogue_rows()
        rows |= _studio_rows(owner, rows["effect"].instance, media_dir)
        rows |= _gallery_rows(owner, people["staff"], media_dir)
        rows |= _commerce_rows(owner, people["staff"])
        rows |= _messaging_rows(owner, people, rows["file"].instance)
        rows |= _support_rows(owner, people["staff"], rows)
    for name, person in people.items():
        chat = open_chat(user=person, recipient_id=people["peer"].pk) if name != "peer" else None
        rows[f"own-chat of {name}"] = Row(chat, shared=True)
        rows[f"own-request of {name}"] = Row(file_request(user=person, text="Help", subject=0, about={}), shared=True)
    return rows


def _account_rows(owner: User) -> Rows:
    asked = request_export(user=owner)
    export(request_id=str(asked.pk))
    open_session(user=owner, device=Device(user_agent=SECRET))
    invitation = Invitation.objects.create(
        email=f"{SECRET}@example.com", role="member", invited_by=owner, expires_at=timezone.now() + timedelta(days=1)
    )
    return {
        "session": Row(owner.login_sessions.get(user_agent=SECRET)),
        "export": Row(asked),
        "invitation": Row(invitation),
    }


def _catalogue_rows() -> Rows:
    """The studio's: staff alone change them."""
    category = Category.objects.create(name="Looks", slug="looks")
    backdrop = {
        "key": "backdrop", "name": "Backdrop", "description": "", "type": "image", "required": False, "default": None,
        "range": None,
    }  # fmt: skip
    effect, inactive, deleted, dream = (
        Effect.objects.create(
            name=name, slug=slug, type=kind, category=category, credits_cost=1, parameters={"prompt": "a dream"},
            configurable_properties=[backdrop], is_active=slug != "inactive",
        )
        for name, slug, kind in (
            ("Cartoon", "cartoon", Effect.Type.VIDEO_TRANSFORM),
            (SECRET, "inactive", Effect.Type.ANIMATION),
            (SECRET, "deleted", Effect.Type.ANIMATION),
            ("Dream", "dream", Effect.Type.ANIMATION),
        )
    )  # fmt: skip
    delete_effect(deleted)
    media = preview_name("cartoon", "0" * 64, "jpg")
    if not default_storage.exists(storage_key(media)):
        default_storage.save(storage_key(media), ContentFile(b"a picture"))
    return {
        "category": Row(category),
        "effect": Row(effect, shared=True),
        "inactive-effect": Row(inactive),
        "deleted-effect": Row(deleted),
        "dream": Row(dream, shared=True),
        "effect-media": Row(None, (media,)),
    }


def _studio_rows(owner: User, effect: Any, media_dir: Path) -> Rows:
    clip = (media_dir / "clip.mp4").read_bytes()
    file = store_file(
        path=media_dir / "clip.mp4", owner=owner, kind=MediaFile.Kind.SOURCE, original_filename=f"{SECRET}.mp4"
    )
    picture = store_file(path=media_dir / "picture.png", owner=owner, kind=MediaFile.Kind.SOURCE)
    preset = Preset.objects.create(name=SECRET, slug="own", settings={"animation_mode": "2D"}, tenant=owner.tenant)
    job = _render(owner, media_dir, title=SECRET)
    previewed = _render(owner, media_dir, title=SECRET, purpose=RenderJob.Purpose.PREVIEW)
    queued = _submit(owner, title=SECRET)
    uploads = {}
    for name in ("upload-link", "sent-upload", "other-upload"):
        pending, ticket = presigned.announce_upload(
            user=owner, effect=effect, mime_type="video/mp4", size=len(clip), original_filename=f"{SECRET}.mp4"
        )
        token = ticket.url.rpartition("/")[2]
        headers = upload_headers(pending)
        if name == "upload-link":
            uploads[name] = Row(pending, (token,), link=True, content=clip, headers=headers)
        else:
            headers["Content-Length"] = str(len(clip))
            presigned.receive_upload(token=token, headers=headers, stream=BytesIO(clip))
            uploads[name] = Row(pending)
    # Genuine links, for another purpose than the one they are tried for.
    read, write = signing.dumps(file.pk, salt=LINK_SALT), signing.dumps(file.pk, salt=TOKEN_SALT)
    keep_frame(queued, b"a frame")
    steered = _steered(_submit(owner, title=SECRET))
    frame = signing.dumps(queued.pk, salt=FRAME_SALT)
    return {
        "frame-link": Row(queued, (frame,), link=True),
        "wrong-frame-link": Row(queued, (read,)),
        **steered,
        "file": Row(file),
        "picture": Row(picture),
        "preset": Row(preset),
        "job": Row(job),
        "video": Row(job.video),
        "previewed-video": Row(previewed.video),
        "queued-job": Row(queued),
        "queued-video": Row(queued.video),
        **uploads,
        "file-link": Row(file, (read, "source.mp4"), link=True),
        "wrong-file-link": Row(file, (write, "source.mp4")),
        "wrong-link": Row(file, (read,), content=clip),
    }


def _steered(job: RenderJob) -> Rows:
    """A render whose owner has the controls, with a frame that is on record and a command that can be given."""
    keep_records(job, [_record(job)])
    keep_thumbnails(job.pk, {0: b"a small frame"})
    token = take(job=job, user=job.owner).token
    command = {"number": 1, "kind": "set", "token": token, "values": {"steps_schedule": {"value": 9}}}
    link = signing.dumps(job.pk, salt=REEL_SALT)
    return {
        "steered-job": Row(job, content=json.dumps(command).encode(), headers={"Content-Type": "application/json"}),
        "steered-frame": Row(job, (job.pk, 0)),
        "reel-link": Row(job, (link, 0), link=True),
        "wrong-reel-link": Row(job, (signing.dumps(job.pk, salt=FRAME_SALT), 0)),
    }


def _record(job: RenderJob) -> dict[str, Any]:
    plan = RenderPlan.from_json(job.plan)
    assert isinstance(plan.params, DeforumParams)
    settings, _ = import_settings(plan.params.settings)
    row = frame_table(settings, frame_count=plan.frame_count, seed=plan.seed)[0]
    return {**row.record(seed=plan.seed, diffused=True), "settings": static_settings(settings)}


def _gallery_rows(owner: User, staff: User, media_dir: Path) -> Rows:
    video = _render(owner, media_dir, title="Everybody's").video
    item = publish(video)
    hidden = publish(_render(owner, media_dir, title=SECRET).video)
    moderate(hidden, to="hidden", moderator=staff, note=SECRET)
    return {
        "published-video": Row(video),
        "item": Row(item),
        "item-media": Row(item, (item.pk, "video.mp4")),
        "hidden-item": Row(hidden),
        "hidden-item-media": Row(hidden, (hidden.pk, "video.mp4")),
    }


def _commerce_rows(owner: User, staff: User) -> Rows:
    shelf = Category.objects.create(name="Shelf", slug="shelf", kind=Category.Kind.PRODUCT)
    product = Product.objects.create(category=shelf, seller=owner, name="Artwork", price=20)
    off_sale = Product.objects.create(category=shelf, seller=owner, name=SECRET, price=20, active=False)
    package = Product.objects.create(category=shelf, name=SECRET, price=10, credits=100)
    items = [{"product_id": package.pk, "quantity": 1}]
    order = orders.place_order(user=owner, items=items, payment_method="cash")
    orders.change_status(staff=staff, order=order, status="paid")
    card_order = orders.place_order(user=owner, items=items, payment_method="stripe")
    Product.objects.filter(pk=package.pk).update(active=False)
    wallet_type = WalletType.objects.create(name="Bank", wallet_symbol="B", currency="EUR")
    wallet = open_wallet(user=owner, wallet_type_id=wallet_type.pk, info=f"account {SECRET}")
    operation = finance.request_operation(
        user=owner, wallet=personal_balance(user=owner), type=1, amount=Decimal(5), info=SECRET, key=None
    )
    return {
        "shelf": Row(shelf, shared=True),
        "product": Row(product),
        "off-sale": Row(off_sale),
        "order": Row(order),
        "card-order": Row(card_order),
        "wallet-type": Row(wallet_type),
        "wallet": Row(Wallet.objects.get(pk=wallet.pk)),
        "operation": Row(operation),
    }


def _messaging_rows(owner: User, people: dict[str, User], file: Any) -> Rows:
    chat = open_chat(user=owner, recipient_id=people["peer"].pk)
    attachment = own_attachment(user=owner, kind="file", attachment_id=file.pk)
    message: Message = send_message(user=owner, chat_id=chat.pk, text=SECRET, attachment=attachment)
    block(user=owner, user_id=people["pest"].pk)
    blocked = Block.objects.get(user=owner)
    return {"chat": Row(chat), "message": Row(message), "block": Row(blocked, (blocked.blocked_id,))}


def _support_rows(owner: User, staff: User, rows: Rows) -> Rows:
    about = {"order_id": rows["order"].values[0], "video_id": rows["video"].values[0]}
    request = file_request(user=owner, text=SECRET, subject=8, about=about, attachment_ids=[rows["file"].values[0]])
    add_note(staff=staff, request=request, text=SECRET)
    followed = file_anonymous_request(text=SECRET, subject=0, login="", email=f"{SECRET}@example.com")
    return {"request": Row(request), "support-link": Row(followed, (follow_token(followed),), link=True)}


def _submit(owner: User, *, title: str, purpose: RenderJob.Purpose = RenderJob.Purpose.FINAL) -> RenderJob:
    video = Video.objects.create(owner=owner, type=Video.Type.DEFORUM, title=title)
    request = DeforumRequest(prompt=title, length=1.0, fps=12.0)
    return submit_render(video=video, user=owner, purpose=purpose, request=request)


def _render(
    owner: User, media_dir: Path, *, title: str, purpose: RenderJob.Purpose = RenderJob.Purpose.FINAL
) -> RenderJob:
    """A render that is over, its files really there."""
    job = _submit(owner, title=title, purpose=purpose)
    output = store_file(path=media_dir / "clip.mp4", owner=owner, kind=MediaFile.Kind.OUTPUT)
    RenderJob.objects.filter(pk=job.pk).update(
        status=RenderJob.Status.COMPLETED, output=output, checkpoint=output, finished_at=timezone.now()
    )
    if purpose == RenderJob.Purpose.FINAL:
        changes: dict[str, Any] = {"status": Video.Status.COMPLETED, "output": output}
    else:
        changes = {"status": Video.Status.PREVIEW_READY}
    Video.objects.filter(pk=job.video_id).update(**changes)
    return RenderJob.objects.select_related("video").get(pk=job.pk)
