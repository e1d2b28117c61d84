"""WeCom (`qyapi.weixin.qq.com`): the gate, tokens and members; the other APIs register themselves in their modules."""

from gateways.simulator.envelope import ApiError, Call, Route, Routes, answer, check_quota, check_token, issue_token
from gateways.simulator.exchange import Json, Request, Response
from gateways.simulator.state import Member
from gateways.simulator.world import World

HOST = "qyapi.weixin.qq.com"
FAMILY = "wecom:"
BAD_SECRETS_PER_HOUR = 2000
routes = Routes()


def respond(world: World, request: Request) -> Response:
    """Answer one call to WeCom."""
    return answer(world, request, routes, _gate)


def _gate(world: World, request: Request, route: Route) -> str:
    ips = world.state.config.trusted_ips
    if ips and request.remote_addr not in ips:
        raise ApiError(60020)
    if not route.token:
        return ""
    app = check_token(world, request, FAMILY)
    if route.contacts and not world.state.apps[app.removeprefix(FAMILY)].contacts:
        raise ApiError(48002)
    check_quota(world, request.path.removeprefix("/cgi-bin/"))
    return app


@routes.get("/cgi-bin/gettoken", token=False)
def gettoken(world: World, call: Call) -> Json:
    """A token for corp id and secret; two thousand wrong secrets in an hour block the corp."""
    now = world.now()
    world.state.bad_secrets[:] = [at for at in world.state.bad_secrets if at > now - 3600]
    if len(world.state.bad_secrets) >= BAD_SECRETS_PER_HOUR:
        raise ApiError(45009)
    if call.text("corpid") != world.setting("WECOM_CORP_ID"):
        raise ApiError(40013, "invalid corpid")
    secret = call.text("corpsecret")
    app = next((app for app in world.state.apps.values() if app.secret == secret), None)
    if app is None:
        world.state.bad_secrets.append(now)
        raise ApiError(40001, "invalid credential")
    return issue_token(world, FAMILY + app.agentid)


@routes.get("/cgi-bin/getcallbackip")
def getcallbackip(world: World, call: Call) -> Json:
    """Where callbacks come from."""
    return {"ip_list": ["127.0.0.1"]}


@routes.get("/cgi-bin/agent/get")
def agent_get(world: World, call: Call) -> Json:
    """Our app as the corp sees it, with the members in its scope."""
    agentid = call.text("agentid")
    if FAMILY + agentid != call.app:
        raise ApiError(40056)
    users = [{"userid": member.userid} for member in visible_members(world)]
    return {"agentid": int(agentid), "name": "SCRM", "close": 0, "allow_userinfos": {"user": users}}


@routes.get("/cgi-bin/user/get")
def user_get(world: World, call: Call) -> Json:
    """One member."""
    member = world.state.members.get(call.text("userid"))
    if member is None:
        raise ApiError(60111)
    if not member.in_scope:
        raise ApiError(60011)
    return {
        "userid": member.userid,
        "name": member.name,
        "position": member.position,
        "status": 1 if member.active else 4,
        "department": [1],
    }


@routes.get("/cgi-bin/user/simplelist")
def user_simplelist(world: World, call: Call) -> Json:
    """All members in the app's scope."""
    members = visible_members(world)
    return {"userlist": [{"userid": m.userid, "name": m.name, "department": [1], "open_userid": ""} for m in members]}


def visible_members(world: World) -> list[Member]:
    """Members our app may see."""
    return [member for member in world.state.members.values() if member.in_scope]


def known_member(world: World, userid: str) -> Member:
    """A member by userid; 40003 or 60011 otherwise."""
    member = world.state.members.get(userid)
    if member is None:
        raise ApiError(40003, "invalid userid")
    if not member.in_scope:
        raise ApiError(60011)
    return member
