"""Everything the simulated platforms remember. Plain data, so that a snapshot is one JSON document.

What there are a hundred thousand of is a msgspec Struct that leaves defaults out of the snapshot.

Fields that leave towards the application keep the vendor's spelling. Moments named `*_until` or `*_after` are
virtual; moments that are reported (`createtime`, `send_time`, `at`) are the machine's clock.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from gateways.simulator.clock import ClockState
from gateways.simulator.defaults import SIM_MEMBERS, SIM_SETTINGS
from gateways.simulator.faults import FaultRule
from gateways.simulator.mini_state import (
    Follower,
    MiniLink,
    MiniUser,
    OneTimeCode,
    PayOrder,
    Refund,
    ShareOrder,
    ShareReturn,
)
from gateways.simulator.octo_state import OctoState

Json = dict[str, Any]


@dataclass(slots=True)
class App:
    """A self-built WeCom app. `contacts` says whether it stands in 「客户联系 · 可调用接口的应用」."""

    agentid: str
    secret: str
    contacts: bool = True


@dataclass(slots=True)
class Token:
    """An access token; `app` is `wecom:<agentid>` or `mini:<appid>`. `superseded` once a forced refresh replaced it."""

    value: str
    app: str
    valid_until: float
    superseded: bool = False


@dataclass(slots=True)
class Member:
    """A member of the corp. `serves` is the 客户联系 right; `in_scope` whether our app may see them."""

    userid: str
    name: str
    department: str = ""
    position: str = ""
    serves: bool = True
    active: bool = True
    in_scope: bool = True


class Contact(msgspec.Struct, omit_defaults=True, gc=False):
    """A WeChat user as the corp sees them. `mass_received` holds virtual moments, for the platform's cap."""

    external_userid: str
    name: str
    gender: int = 0
    unionid: str = ""
    avatar: str = ""
    type: int = 1
    mass_received: list[float] = []


class Relation(msgspec.Struct, omit_defaults=True, gc=False):
    """One member's friendship with one contact."""

    userid: str
    external_userid: str
    createtime: int
    remark: str = ""
    description: str = ""
    remark_corp_name: str = ""
    remark_mobiles: list[str] = []
    add_way: int = 1
    state: str = ""
    oper_userid: str = ""
    tags: list[str] = []
    status: Literal["active", "deleted_by_customer", "deleted_by_staff"] = "active"
    ended_at: int = 0
    has_spoken: bool = False
    last_chat_at: float = 0.0
    invisible_calls: int = 0


@dataclass(slots=True)
class Tag:
    """A corp tag. `owner` is the agentid of the app that made it, or `admin`."""

    id: str
    name: str
    group_id: str
    create_time: int
    order: int = 0
    owner: str = "admin"


@dataclass(slots=True)
class TagGroup:
    """A group of corp tags."""

    group_id: str
    group_name: str
    create_time: int
    order: int = 0
    owner: str = "admin"


@dataclass(slots=True)
class Media:
    """An uploaded temporary file; usable for three virtual days. `content` is kept of pictures, for the phones to show."""

    media_id: str
    type: str
    filename: str
    size: int
    created_at: int
    valid_until: float
    content: bytes = b""


@dataclass(slots=True)
class SenderTask:
    """What one member is asked to send. `results` maps external_userid to 1 sent, 2 not a friend, 3 over the cap."""

    userid: str
    customers: list[str]
    status: int = 0
    send_time: int = 0
    ignored: bool = False
    results: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class MassTask:
    """One 企业群发 created by `add_msg_template`."""

    msgid: str
    create_time: int
    dispatched_after: float
    allow_select: bool
    text: str
    attachments: list[Json]
    senders: dict[str, SenderTask]
    cancelled: bool = False
    reminded: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Moment:
    """One 客户朋友圈 task. `publishers` are members with the wall time they published at (0: not yet); `signs` likes and
    comments."""

    jobid: str
    moment_id: str
    created_at: float
    text: str
    attachments: list[Json]
    tags: list[str]
    publishers: dict[str, int]
    invalid: list[str]
    cancelled: bool = False
    signs: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class GroupTask:
    """One message to customer groups created by `add_msg_template`."""

    msgid: str
    owner: str
    chat_ids: list[str]
    text: str
    dispatched_after: float
    sent_at: int = 0


@dataclass(slots=True)
class WelcomeCode:
    """The one chance to greet a new contact."""

    code: str
    userid: str
    external_userid: str
    valid_until: float
    used: bool = False


@dataclass(slots=True)
class ContactWay:
    """A 联系我 QR code."""

    config_id: str
    user: list[str]
    state: str = ""
    remark: str = ""
    type: int = 1
    scene: int = 2
    skip_verify: bool = True
    created_at: int = 0


@dataclass(slots=True)
class AcquisitionLink:
    """A 获客链接: like a code, but an address that opens WeChat and counts against a paid quota."""

    link_id: str
    link_name: str
    user: list[str]
    skip_verify: bool = True
    created_at: int = 0
    used: bool = True


class GroupMember(msgspec.Struct, omit_defaults=True, gc=False):
    """Somebody in a group chat. `type`: 1 member of the corp, 2 external."""

    userid: str
    type: int
    join_time: int
    join_scene: int = 1
    name: str = ""


@dataclass(slots=True)
class GroupChat:
    """A customer group chat."""

    chat_id: str
    name: str
    owner: str
    create_time: int
    members: dict[str, GroupMember] = field(default_factory=dict)
    notice: str = ""


@dataclass(slots=True)
class Transfer:
    """A customer handed from one member to another; accepted by itself after a virtual day. `status` as the platform counts."""

    external_userid: str
    handover_userid: str
    takeover_userid: str
    accepted_after: float
    status: int = 2
    takeover_time: int = 0


@dataclass(slots=True)
class KfSession:
    """One customer's chat with the customer-service account. Moments are virtual, but for those of `lines`."""

    state: int = 0
    replies: int = 0
    asked_at: float = -1e9
    code: str = ""
    code_until: float = 0.0
    sent: list[str] = field(default_factory=list)
    lines: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """One thing shown on a phone: a chat line, a notification, an SMS."""

    at: float
    channel: Literal["chat", "welcome", "mass", "subscribe", "official", "sms", "app"]
    sender: str
    kind: str
    content: Json
    ref: str = ""


@dataclass(slots=True)
class Sms:
    """A short message on its way to a phone."""

    biz_id: str
    phone: str
    sign_name: str
    template_code: str
    params: Json
    out_id: str
    at: float
    virtual_at: float


@dataclass(slots=True)
class Delivery:
    """A callback waiting for its (virtual) time. `payload` is built into signed bytes at the moment of sending."""

    id: int
    vendor: Literal["wecom", "pay", "sms"]
    url: str
    payload: Json
    due_after: float
    attempts: int = 0
    twist: str = ""


@dataclass(slots=True)
class LlmScript:
    """A scripted reply: used when `match` occurs in the prompt, `times` times (-1: always)."""

    reply: str
    match: str = ""
    times: int = 1


@dataclass(slots=True)
class Config:
    """The knobs of the platform console. Seconds are virtual."""

    public_url: str = ""
    seed: int = 20261124
    unionid_bound: bool = True
    dispatch_seconds: float = 30.0
    cap_rule: Literal["month_days", "week_7", "day_1"] = "month_days"
    not_yet_visible_calls: int = 0
    tag_limit: int = 10_000
    way_limit: int = 500_000
    link_limit: int = 3_000
    acquisition_total: int = 1_000
    acquisition_balance: int = 1_000
    acquisition_expires_at: int = 0
    per_minute: int = 10_000
    per_hour: int = 150_000
    quotas: dict[str, int] = field(default_factory=dict)
    concurrency: int = 200
    trusted_ips: list[str] = field(default_factory=list)
    short_page_rate: float = 0.05
    unknown_field_rate: float = 0.1
    linked_appids: list[str] = field(default_factory=lambda: [SIM_SETTINGS["MINI_APP_ID"]])
    pages: list[str] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    refund_seconds: float = 3.0
    refund_outcome: Literal["SUCCESS", "ABNORMAL", "CLOSED"] = "SUCCESS"
    callback_delay: float = 0.0
    sms_receipt_seconds: float = 2.0
    sms_signs: list[str] = field(default_factory=lambda: [SIM_SETTINGS["SMS_SIGN_NAME"]])
    sms_balance: int = 1_000_000


@dataclass(slots=True)
class QuotaWindow:
    """Calls of one API in the present virtual minute and hour, and until when it is blocked."""

    minute: int = 0
    minute_calls: int = 0
    hour: int = 0
    hour_calls: int = 0
    blocked_until: float = 0.0


@dataclass(slots=True)
class State:
    """The whole simulated world."""

    config: Config = field(default_factory=Config)
    clock: ClockState = field(default_factory=ClockState)
    faults: list[FaultRule] = field(default_factory=list)
    serial: int = 0
    settings: dict[str, str] = field(default_factory=lambda: dict(SIM_SETTINGS))
    apps: dict[str, App] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    forced_refreshes: list[float] = field(default_factory=list)
    bad_secrets: list[float] = field(default_factory=list)
    quota_windows: dict[str, QuotaWindow] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    relations: dict[str, dict[str, Relation]] = field(default_factory=dict)
    tag_groups: dict[str, TagGroup] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    mass_tasks: dict[str, MassTask] = field(default_factory=dict)
    moments: dict[str, Moment] = field(default_factory=dict)
    group_tasks: dict[str, GroupTask] = field(default_factory=dict)
    welcome_codes: dict[str, WelcomeCode] = field(default_factory=dict)
    contact_ways: dict[str, ContactWay] = field(default_factory=dict)
    links_of_members: dict[str, AcquisitionLink] = field(default_factory=dict)
    group_chats: dict[str, GroupChat] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    staff_lines: dict[str, list[Line]] = field(default_factory=dict)
    customer_lines: dict[str, list[Line]] = field(default_factory=dict)
    staff_message_times: dict[str, list[float]] = field(default_factory=dict)
    recent_messages: dict[str, float] = field(default_factory=dict)
    mini_users: dict[str, MiniUser] = field(default_factory=dict)
    followers: dict[str, Follower] = field(default_factory=dict)
    codes: dict[str, OneTimeCode] = field(default_factory=dict)
    login_times: dict[str, list[float]] = field(default_factory=dict)
    links: dict[str, MiniLink] = field(default_factory=dict)
    orders: dict[str, PayOrder] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    receivers: dict[str, str] = field(default_factory=dict)
    shares: dict[str, ShareOrder] = field(default_factory=dict)
    share_returns: dict[str, ShareReturn] = field(default_factory=dict)
    sms: list[Sms] = field(default_factory=list)
    opted_out: list[str] = field(default_factory=list)
    llm_scripts: list[LlmScript] = field(default_factory=list)
    octo: OctoState = field(default_factory=OctoState)
    kf_sessions: dict[str, KfSession] = field(default_factory=dict)
    kf_messages: list[Json] = field(default_factory=list)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


def new_state(settings: dict[str, str] | None = None) -> State:
    """An empty world with the demo agency's corp, its app and its members."""
    state = State(settings={**SIM_SETTINGS, **(settings or {})})
    agentid = state.settings["WECOM_AGENT_ID"]
    state.apps[agentid] = App(agentid, state.settings["WECOM_SECRET"])
    for userid, name, department, position, serves in SIM_MEMBERS:
        state.members[userid] = Member(userid, name, department, position, serves)
    return state
