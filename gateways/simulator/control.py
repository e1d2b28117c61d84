"""The control plane under `/_sim/`: what a test, the demo and the `/sim/` page may do to the simulated world.

Every verb is a POST with a JSON object, or a GET with the same names in the query. Errors: 400 wrong arguments,
404 nobody or nothing of that name, 409 not possible now; the body is `{"error": "..."}`.

World      state · reset {} · seed {members, contacts, mini_users} · config/set {any knob of state.Config}
           app/configure {public_url} · clock/advance {seconds, hours, days} · clock/freeze · clock/resume
Faults     faults · faults/set {kind, side, host, path, value, times, skip, probability} · faults/clear {rule}
Staff      members · staff/inbox {userid} · staff/tasks · staff/task {userid, msgid}
           staff/confirm {msgid, sender, only} · staff/confirm_all {share, userid}
           staff/ignore {msgid, sender} · staff/message {userid, external_userid, text} · staff/delete {userid, external_userid}
           staff/tag {userid, external_userid, add, remove} · member/set {userid, serves, active}
Customers  customers {search, userid} · customer/profile {who} · customer/inbox {who}
           customer/add {userid, config_id or link_id, external_userid, name, unionid, state}
           customer/delete {userid, external_userid}
           customer/login_code {who} · customer/phone_code {who, phone} · customer/message {userid, external_userid, text}
           customer/accept_subscribe {who, template_id, times} · customer/sms_reply {phone, text}
           `who` is an external_userid, an openid or a phone number; `openid` and `external_userid` do as well.
Groups     groups · groups/seed {chats, ways, links} · group/create {owner, name, external_userids}
           group/join {chat_id, external_userid} · group/leave {same} · group/edit {chat_id, name, owner, notice}
           group/dismiss {chat_id}
Channels   ways · link/event {link_id, change, state} · transfer/answer {external_userid, reason}
Cashier    pay/sheet {prepay_id or out_trade_no or params} · pay/confirm {same, even_if_closed} · pay/cancel {same}
           pay/orders {who}
Admin      admin/tag {group_name, name, rename}: an administrator edits a tag in the client, which does produce a callback
           admin/tag_delete {tag_id} · admin/tag_shuffle {group_id}
Callbacks  callbacks/pending · callbacks/deliver · callbacks/forge {vendor, twist} · callbacks/verify
Model      llm/script {reply, match, times} · llm/clear
Supplier   octo/bookings · octo/price {product_id, percent} · octo/sold_out {product_id, date, closed}
           octo/withdraw {product_ids}
Pictures   media/file {media_id} (GET): the bytes of an uploaded picture
Journal    journal/find {kind, path, body__contains, ..., limit, after} · journal/counts · journal/clear
"""

import inspect
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, get_type_hints

import msgspec

from gateways.simulator import callbacks, phones
from gateways.simulator.callbacks import Transport
from gateways.simulator.exchange import Json, Request, Response, json_response
from gateways.simulator.faults import FaultRule
from gateways.simulator.journal import as_json
from gateways.simulator.people import Impossible
from gateways.simulator.state import Config, LlmScript, State, new_state
from gateways.simulator.world import World

Verb = Callable[..., Any]
VERBS: dict[str, tuple[Verb, type[msgspec.Struct]]] = {}


def verb(path: str) -> Callable[[Verb], Verb]:
    """Register a verb; its keyword arguments, with their types, are what the caller may send."""

    def keep(function: Verb) -> Verb:
        hints, names = get_type_hints(function), list(inspect.signature(function).parameters.values())[1:]
        fields = [(p.name, hints[p.name]) if p.default is p.empty else (p.name, hints[p.name], p.default) for p in names]
        VERBS[path] = function, msgspec.defstruct(function.__name__, fields, forbid_unknown_fields=True)
        return function

    return keep


def answer_control(world: World, request: Request, transport: Transport) -> Response:
    """Answer one call to the control plane."""
    path = request.path.strip("/")
    try:
        if path == "journal/find":
            return json_response(_find(world, request))
        if path == "media/file":
            return _picture(world, request)
        if path.startswith("callbacks/"):
            return json_response(_callback_verb(world, request, path, transport))
        function, arguments = VERBS[path]
        given = _arguments(request, arguments)
        with world.lock:
            result = function(world, **{name: getattr(given, name) for name in given.__struct_fields__})
            world.changed()
        return json_response(result)
    except KeyError:
        return json_response({"error": f"no verb {path}"}, 404)
    except Impossible as error:
        return json_response({"error": str(error)}, error.status)
    except (msgspec.MsgspecError, ValueError) as error:
        return json_response({"error": str(error)}, 400)


def _arguments(request: Request, wanted: type[msgspec.Struct]) -> msgspec.Struct:
    if request.body:
        return msgspec.json.decode(request.body, type=wanted)
    return msgspec.convert(request.query, wanted, strict=False)


def _free(request: Request) -> dict[str, Any]:
    """Arguments of a verb that takes any; ValueError when they are no JSON object."""
    given = request.json() if request.body else dict(request.query)
    if not isinstance(given, dict):
        raise ValueError("not a JSON object")
    return given


def _find(world: World, request: Request) -> list[Json]:
    wanted = _free(request)
    limit, after = (int(str(wanted.pop(name, default))) for name, default in (("limit", 100), ("after", 0)))
    return [as_json(entry) for entry in world.journal.find(limit=limit, after=after, **wanted)]


def _picture(world: World, request: Request) -> Response:
    with world.lock:
        media = world.state.media.get(request.query.get("media_id", ""))
    if media is None or not media.content:
        raise Impossible("no such picture", 404)
    return Response(200, media.content, "image/png" if media.content.startswith(b"\x89") else "image/jpeg")


def _callback_verb(world: World, request: Request, path: str, transport: Transport) -> Any:
    # These talk to the application and so must not hold the lock.
    wanted = _free(request)
    if path == "callbacks/deliver":
        return {"sent": callbacks.deliver_due(world, transport)}
    if path == "callbacks/forge":
        vendor, twist = str(wanted.get("vendor", "wecom")), str(wanted.get("twist", "bad_signature"))
        return {"status": callbacks.forge(world, vendor, twist, transport)}
    if path == "callbacks/verify":
        ok, reply = callbacks.verify_url(world, transport)
        return {"ok": ok, "reply": reply}
    if path == "callbacks/pending":
        with world.lock:
            return [asdict(delivery) for delivery in world.state.deliveries.values()]
    raise KeyError(path)


@verb("state")
def show_state(world: World) -> Json:
    """The world in numbers."""
    state = world.state
    tables = (
        "members",
        "contacts",
        "tags",
        "mass_tasks",
        "mini_users",
        "orders",
        "refunds",
        "sms",
        "deliveries",
        "media",
        "group_chats",
        "contact_ways",
    )
    return {
        "clock": {"now": world.now(), "wall": world.clock.wall(), "frozen": world.clock.frozen, "offset": state.clock.offset},
        "config": asdict(state.config),
        "counts": {name: len(getattr(state, name)) for name in tables} | {"relations": sum(map(len, state.relations.values()))},
        "effects": dict(state.counters),
        "faults": [asdict(rule) for rule in state.faults],
        "quotas": {api: asdict(window) for api, window in state.quota_windows.items()},
    }


@verb("reset")
def reset(world: World) -> Json:
    """A new world. Only where the application lives is remembered."""
    fresh: State = new_state(world.state.settings)
    fresh.config.public_url = world.state.config.public_url
    world.adopt(fresh)
    world.journal.clear()
    return {}


@verb("config/set")
def set_config(world: World, changes: dict[str, Any]) -> Json:
    """Turn knobs; unknown ones and wrong types are refused."""
    unknown = set(changes) - set(Config.__dataclass_fields__)
    if unknown:
        raise ValueError(f"no knob {', '.join(sorted(unknown))}")
    world.state.config = msgspec.convert({**asdict(world.state.config), **changes}, Config)
    return asdict(world.state.config)


@verb("app/configure")
def configure_app(world: World, public_url: str) -> Json:
    """Say where the application lives: callbacks go to `<public_url>/callbacks/...`."""
    world.state.config.public_url = public_url.rstrip("/")
    return {"public_url": world.state.config.public_url}


@verb("clock/advance")
def advance_clock(world: World, seconds: float = 0.0, hours: float = 0.0, days: float = 0.0) -> Json:
    """Move virtual time forward; what became due is delivered."""
    world.clock.advance(seconds + hours * 3600 + days * 86_400)
    world.note("console", "clock/advance", f"{seconds + hours * 3600 + days * 86_400:g} s")
    return {"now": world.now()}


@verb("clock/freeze")
def freeze_clock(world: World) -> Json:
    """Stop virtual time."""
    world.clock.freeze()
    return {"now": world.now()}


@verb("clock/resume")
def resume_clock(world: World) -> Json:
    """Let virtual time run on."""
    world.clock.resume()
    return {"now": world.now()}


@verb("faults")
def list_faults(world: World) -> list[Json]:
    """The fault rules in force."""
    return [asdict(rule) for rule in world.faults.rules]


@verb("faults/set")
def set_fault(
    world: World,
    kind: str,
    side: str = "api",
    host: str = "",
    path: str = "",
    value: int | float | str | None = None,
    times: int = -1,
    skip: int = 0,
    probability: float = 1.0,
) -> Json:
    """Put a fault rule in force; see faults.py for the kinds."""
    wanted = {"kind": kind, "side": side, "host": host, "path": path, "value": value}
    rule = msgspec.convert({**wanted, "times": times, "skip": skip, "probability": probability}, FaultRule)
    return asdict(world.faults.add(rule))


@verb("faults/clear")
def clear_faults(world: World, rule: str = "") -> Json:
    """Take the rule with this id out of force, or all."""
    return {"cleared": world.faults.clear(rule)}


@verb("llm/script")
def script_llm(world: World, reply: str, match: str = "", times: int = 1) -> Json:
    """The model's next reply to a prompt that contains `match`; `refuse_json_schema` makes it refuse a schema."""
    world.state.llm_scripts.append(LlmScript(reply, match, times))
    return {"scripts": len(world.state.llm_scripts)}


@verb("llm/clear")
def clear_llm(world: World) -> Json:
    """Forget all scripted replies."""
    world.state.llm_scripts.clear()
    return {}


@verb("journal/counts")
def count_journal(world: World) -> dict[str, dict[str, int]]:
    """Calls per host and path, per result code."""
    return world.journal.counts()


@verb("journal/clear")
def clear_journal(world: World) -> Json:
    """Forget the journal."""
    world.journal.clear()
    return {}


@verb("members")
def list_members(world: World) -> list[Json]:
    """The corp's people."""
    return phones.members(world)
