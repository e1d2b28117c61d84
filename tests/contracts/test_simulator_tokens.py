"""Access tokens of WeCom and the mini-program: platform-contracts 1.2 and 1.14."""

from gateways.simulator.defaults import SIM_SETTINGS
from gateways.simulator.state import App
from tests.contracts.caller import MINI, WECOM, Caller


def test_the_same_token_until_it_expires(caller: Caller) -> None:
    first = caller.token()
    caller.advance(7199)
    assert caller.token() == first
    caller.advance(1)
    assert caller.token() != first


def test_an_expired_token_is_42001(caller: Caller) -> None:
    token = caller.token()
    assert caller.wecom("externalcontact/get_follow_user_list", token=token)["errcode"] == 0
    caller.advance(7201)
    assert caller.wecom("externalcontact/get_follow_user_list", token=token)["errcode"] == 42001


def test_tokens_may_expire_early(caller: Caller) -> None:
    token = caller.token()
    caller.do("faults/set", kind="expire", path="get_follow_user_list", times=1)
    assert caller.wecom("externalcontact/get_follow_user_list", token=token)["errcode"] == 42001
    assert caller.token() != token


def test_missing_and_unknown_tokens(caller: Caller) -> None:
    assert caller.wecom("externalcontact/get_follow_user_list", token="")["errcode"] == 41001
    assert caller.wecom("externalcontact/get_follow_user_list", token="nonsense")["errcode"] == 40014


def test_a_wrong_secret_is_40001_and_too_many_block_the_corp(caller: Caller) -> None:
    wrong = {"corpid": SIM_SETTINGS["WECOM_CORP_ID"], "corpsecret": "wrong"}
    assert caller.session.get(f"{WECOM}gettoken", params=wrong).json()["errcode"] == 40001
    caller.world.state.bad_secrets = [caller.world.now()] * 2000
    right = wrong | {"corpsecret": SIM_SETTINGS["WECOM_SECRET"]}
    assert caller.session.get(f"{WECOM}gettoken", params=right).json()["errcode"] == 45009
    caller.advance(3601)
    assert caller.session.get(f"{WECOM}gettoken", params=right).json()["errcode"] == 0


def test_an_app_outside_the_callable_list_is_48002(caller: Caller) -> None:
    caller.world.state.apps["1000009"] = App("1000009", "other-secret", contacts=False)
    token = caller.token("other-secret")
    assert caller.wecom("externalcontact/get_follow_user_list", token=token)["errcode"] == 48002
    assert caller.wecom("getcallbackip", token=token)["errcode"] == 0


def test_an_address_that_is_not_trusted_is_60020(caller: Caller) -> None:
    caller.do("config/set", changes={"trusted_ips": ["203.0.113.9"]})
    reply = caller.session.get(f"{WECOM}gettoken", params={"corpid": "x", "corpsecret": "y"}).json()
    assert reply["errcode"] == 60020


def test_a_token_of_another_platform_is_no_token(caller: Caller) -> None:
    token = caller.mini_token()["access_token"]
    assert caller.wecom("externalcontact/get_follow_user_list", token=token)["errcode"] == 40014


def test_stable_token_stays_the_same_and_force_leaves_five_minutes(caller: Caller) -> None:
    old = caller.mini_token()["access_token"]
    assert caller.mini_token()["access_token"] == old
    new = caller.mini_token(force_refresh=True)["access_token"]
    assert new != old

    def errcode(token: str) -> int:
        reply = caller.session.post(f"{MINI}wxa/generate_urllink", params={"access_token": token}, data=b'{"path":"pages/a"}')
        return int(reply.json()["errcode"])

    assert (errcode(old), errcode(new)) == (0, 0)
    caller.advance(301)
    assert (errcode(old), errcode(new)) == (40001, 0)


def test_forced_refreshes_are_30_s_apart_and_20_a_day(caller: Caller) -> None:
    assert "access_token" in caller.mini_token(force_refresh=True)
    assert caller.mini_token(force_refresh=True)["errcode"] == 45011
    caller.world.state.forced_refreshes = [caller.world.now() - 60] * 20
    assert caller.mini_token(force_refresh=True)["errcode"] == 45009


def test_wrong_mini_program_secrets(caller: Caller) -> None:
    assert caller.mini_token(secret="wrong")["errcode"] == 40125
    assert caller.mini_token(appid="wx0000000000000000")["errcode"] == 40013
    assert caller.mini_token(appid="")["errcode"] == 41002
