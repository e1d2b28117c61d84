"""WeCom's JSON <-> our dataclasses. Unknown fields are ignored, missing ones have a plain default."""

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from gateways.wecom import (
    Attachment,
    Confirmation,
    ConfirmationStatus,
    Contact,
    ContactTag,
    CorpTag,
    Delivery,
    DeliveryStatus,
    FollowUser,
    ImageAttachment,
    LinkAttachment,
    MassTaskSummary,
    MiniProgramAttachment,
    TagGroup,
)

Json = Mapping[str, Any]
E = TypeVar("E", bound=enum.IntEnum)


def contact(external: Json, follow: Iterable[Json]) -> Contact:
    """A contact with the members who follow it."""
    return Contact(
        external_userid=str(external["external_userid"]),
        name=str(external.get("name") or ""),
        avatar=str(external.get("avatar") or ""),
        kind=int(external.get("type") or 0),
        gender=int(external.get("gender") or 0),
        unionid=str(external.get("unionid") or ""),
        follow_users=tuple(map(follow_user, follow)),
    )


def follow_user(data: Json) -> FollowUser:
    """One member's side; the single read brings `tags`, the batch read `tag_id`."""
    tags = [
        ContactTag(str(t.get("tag_id") or ""), str(t["tag_name"]), str(t.get("group_name") or ""), int(t.get("type") or 1))
        for t in data.get("tags") or ()
    ]
    tags += [ContactTag(str(tag_id)) for tag_id in data.get("tag_id") or ()]
    return FollowUser(
        userid=str(data["userid"]),
        remark=str(data.get("remark") or ""),
        description=str(data.get("description") or ""),
        created_at=moment(data.get("createtime")) or dt.datetime.fromtimestamp(0, dt.UTC),
        tags=tuple(tags),
        remark_mobiles=tuple(map(str, data.get("remark_mobiles") or ())),
        add_way=int(data.get("add_way") or 0),
        state=str(data.get("state") or ""),
    )


def tag_group(data: Json) -> TagGroup:
    """A group without its deleted tags."""
    tags = tuple(
        CorpTag(str(t["id"]), str(t["name"]), int(t.get("order") or 0)) for t in data.get("tag") or () if not t.get("deleted")
    )
    return TagGroup(str(data["group_id"]), str(data.get("group_name") or ""), tags, int(data.get("order") or 0))


def mass_task_summary(data: Json) -> MassTaskSummary:
    """A task as the list shows it."""
    text = (data.get("text") or {}).get("content") or ""
    found = (read_attachment(item) for item in data.get("attachments") or ())
    return MassTaskSummary(
        msgid=str(data["msgid"]),
        create_time=moment(data["create_time"]) or dt.datetime.fromtimestamp(0, dt.UTC),
        text=str(text),
        attachments=tuple(item for item in found if item is not None),
    )


def confirmation(data: Json) -> Confirmation:
    """One member's answer."""
    return Confirmation(
        str(data["userid"]), _status(ConfirmationStatus, data, ConfirmationStatus.UNCONFIRMED), moment(data.get("send_time"))
    )


def delivery(data: Json) -> Delivery:
    """One customer's result; group chats are left to who asks for them."""
    status = _status(DeliveryStatus, data, DeliveryStatus.NOT_SENT)
    return Delivery(str(data.get("external_userid") or ""), str(data.get("userid") or ""), status, moment(data.get("send_time")))


def write_attachment(item: Attachment) -> dict[str, Any]:
    """An attachment as `add_msg_template` and `send_welcome_msg` take it."""
    match item:
        case ImageAttachment():
            return {"msgtype": "image", "image": {"media_id": item.media_id}}
        case LinkAttachment():
            return {"msgtype": "link", "link": {"title": item.title, "picurl": item.picurl, "desc": item.desc, "url": item.url}}
        case MiniProgramAttachment():
            card = {"title": item.title, "pic_media_id": item.media_id, "appid": item.appid, "page": item.page}
            return {"msgtype": "miniprogram", "miniprogram": card}


def read_attachment(data: Json) -> Attachment | None:
    """An attachment as the list shows it; None for a kind we never send."""
    kind = data.get("msgtype")
    body: Json = data.get(str(kind)) or {}
    if kind == "image":
        return ImageAttachment(str(body.get("media_id") or ""))
    if kind == "link":
        return LinkAttachment(
            str(body.get("title") or ""), str(body.get("url") or ""), str(body.get("picurl") or ""), str(body.get("desc") or "")
        )
    if kind == "miniprogram":
        return MiniProgramAttachment(
            str(body.get("title") or ""),
            str(body.get("pic_media_id") or ""),
            str(body.get("appid") or ""),
            str(body.get("page") or ""),
        )
    return None


def moment(seconds: Any) -> dt.datetime | None:
    """Unix seconds as an aware UTC moment; None for 0 and for nothing."""
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC) if seconds else None


def _status(kind: type[E], data: Json, default: E) -> E:
    try:
        return kind(int(data.get("status") or 0))
    except ValueError:
        return default
