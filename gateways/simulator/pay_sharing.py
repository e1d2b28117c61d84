"""WeChat Pay v3: profit sharing and bills. Money of a payment that shares profit is frozen until it is shared or let go."""

import csv
import datetime as dt
import hashlib
import io
from itertools import chain

from gateways.simulator.clock import shanghai
from gateways.simulator.exchange import Json, Request, Response
from gateways.simulator.mini_state import PayOrder, Refund, ShareOrder, ShareReturn
from gateways.simulator.pay import PayError, route, signed
from gateways.simulator.world import World

MOST_PERCENT = 30
YOUNGEST_SECONDS = 60
SETTLE_SECONDS = 2
MOST_RETURNS = 20
BILL_HOST = "https://api.mch.weixin.qq.com"
RELATIONS = {
    "SERVICE_PROVIDER",
    "STORE",
    "STAFF",
    "STORE_OWNER",
    "PARTNER",
    "HEADQUARTER",
    "BRAND",
    "DISTRIBUTOR",
    "USER",
    "SUPPLIER",
}
HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


@route("POST", r"/v3/profitsharing/receivers/add")
def add_receiver(world: World, request: Request, body: Json, _: str) -> Json:
    """Make a receiver known."""
    if (
        body.get("type") != "MERCHANT_ID"
        or not str(body.get("account", "")).strip()
        or body.get("relation_type") not in RELATIONS
    ):
        raise PayError(400, "PARAM_ERROR", "接收方信息无效")
    if not body.get("name"):
        raise PayError(400, "PARAM_ERROR", "商户类型的接收方必须传全称")
    world.state.receivers[str(body["account"])] = str(body["relation_type"])
    return {"type": "MERCHANT_ID", "account": body["account"], "relation_type": body["relation_type"]}


@route("POST", r"/v3/profitsharing/orders")
def share(world: World, request: Request, body: Json, _: str) -> Json:
    """Share a payment; the same out_order_no again is the same order."""
    number, receivers = str(body.get("out_order_no", "")), body.get("receivers")
    if not number or not isinstance(receivers, list) or not 1 <= len(receivers) <= 50:
        raise PayError(400, "PARAM_ERROR", "out_order_no或receivers无效")
    order = _shareable(world, str(body.get("transaction_id", "")))
    existing = world.state.shares.get(number)
    if existing is not None:
        if [(one["account"], one["amount"]) for one in existing.receivers] != [
            (r.get("account"), r.get("amount")) for r in receivers
        ]:
            raise PayError(400, "INVALID_REQUEST", "分账单号已使用,参数与首次请求不一致")
        return share_json(existing)
    _check_share(world, order, receivers)
    made = ShareOrder(
        number, world.new_id("30", 28), order.transaction_id,
        [{"account": r["account"], "amount": r["amount"], "result": "PENDING", "returned": 0} for r in receivers],
        world.now() + SETTLE_SECONDS,
    )  # fmt: skip
    world.state.shares[number] = made
    order.shared += sum(r["amount"] for r in receivers)
    order.unfrozen = order.unfrozen or bool(body.get("unfreeze_unsplit"))
    return share_json(made)


def _shareable(world: World, transaction_id: str) -> PayOrder:
    order = next((o for o in world.state.orders.values() if o.transaction_id and o.transaction_id == transaction_id), None)
    if order is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    if not order.shares_profit:
        raise PayError(400, "INVALID_REQUEST", "非分账订单不支持分账")
    return order


def _check_share(world: World, order: PayOrder, receivers: list[Json]) -> None:
    if order.unfrozen:
        raise PayError(400, "INVALID_REQUEST", "订单资金已解冻,不能再分账")
    if world.now() - order.paid_after < YOUNGEST_SECONDS:
        raise PayError(400, "INVALID_REQUEST", "订单支付成功1分钟后才能分账")
    for one in receivers:
        if type(one.get("amount")) is not int or one["amount"] < 1 or not one.get("description"):
            raise PayError(400, "PARAM_ERROR", "分账金额或描述无效")
        if one.get("account") not in world.state.receivers:
            raise PayError(400, "INVALID_REQUEST", "分账接收方关系不存在")
    asked = order.shared + sum(one["amount"] for one in receivers)
    if asked > order.total - order.refunded:
        raise PayError(403, "NOT_ENOUGH", "分账金额超过剩余待分金额")
    if asked * 100 > order.total * MOST_PERCENT:
        raise PayError(403, "RULE_LIMIT", "分账金额超出最大分账比例")


@route("POST", r"/v3/profitsharing/orders/unfreeze")
def unfreeze(world: World, request: Request, body: Json, _: str) -> Json:
    """Let the rest go to the merchant who sold."""
    order = _shareable(world, str(body.get("transaction_id", "")))
    number = str(body.get("out_order_no", ""))
    made = world.state.shares.get(number) or ShareOrder(
        number, world.new_id("30", 28), order.transaction_id, [], world.now(), "FINISHED"
    )
    world.state.shares[number] = made
    order.unfrozen = True
    return share_json(made)


@route("GET", r"/v3/profitsharing/orders/([^/]+)")
def query_share(world: World, request: Request, body: Json, number: str) -> Json:
    """What became of it."""
    found = world.state.shares.get(number)
    if found is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
    if found.state == "PROCESSING" and found.settles_after <= world.now():
        found.state = "FINISHED"
        for one in found.receivers:
            one["result"] = "SUCCESS"
    return share_json(found)


def share_json(found: ShareOrder) -> Json:
    """A profit-sharing order as the API shows it."""
    receivers = [
        {
            "type": "MERCHANT_ID",
            "account": one["account"],
            "amount": one["amount"],
            "result": one["result"],
            "description": "分账",
        }
        for one in found.receivers
    ]
    shown: Json = {"transaction_id": found.transaction_id, "out_order_no": found.out_order_no, "order_id": found.order_id}
    return shown | {"state": found.state, "receivers": receivers}


@route("POST", r"/v3/profitsharing/return-orders")
def return_share(world: World, request: Request, body: Json, _: str) -> Json:
    """Take shared money back from a receiver."""
    number, found = str(body.get("out_return_no", "")), world.state.shares.get(str(body.get("out_order_no", "")))
    existing = world.state.share_returns.get(number)
    if existing is not None:
        return return_json(existing)
    if found is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
    of_order = [one for one in world.state.share_returns.values() if one.out_order_no == found.out_order_no]
    receiver = next((one for one in found.receivers if one["account"] == body.get("return_mchid")), None)
    amount = body.get("amount")
    if (
        receiver is None
        or receiver["result"] != "SUCCESS"
        or type(amount) is not int
        or amount < 1
        or len(of_order) >= MOST_RETURNS
    ):
        raise PayError(400, "INVALID_REQUEST", "回退请求无效")
    if receiver["returned"] + amount > receiver["amount"]:
        raise PayError(403, "NOT_ENOUGH", "回退金额超过分账金额")
    receiver["returned"] += amount
    made = ShareReturn(number, found.out_order_no, receiver["account"], amount)
    world.state.share_returns[number] = made
    return return_json(made)


@route("GET", r"/v3/profitsharing/return-orders/([^/]+)")
def query_return(world: World, request: Request, body: Json, number: str) -> Json:
    """What became of a return."""
    found = world.state.share_returns.get(number)
    if found is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "回退单不存在")
    return return_json(found)


def return_json(found: ShareReturn) -> Json:
    """A return as the API shows it."""
    shown: Json = {
        "out_return_no": found.out_return_no,
        "out_order_no": found.out_order_no,
        "return_id": f"R{found.out_return_no}",
    }
    return shown | {"return_mchid": found.account, "amount": found.amount, "result": found.result}


# --- bills ---------------------------------------------------------------------------------------------------


@route("GET", r"/v3/bill/tradebill")
def trade_bill(world: World, request: Request, body: Json, _: str) -> Json:
    """Where the bill of a past day is, and its digest."""
    try:
        day = dt.date.fromisoformat(request.query.get("bill_date", ""))
    except ValueError as error:
        raise PayError(400, "PARAM_ERROR", "bill_date无效") from error
    if day >= shanghai(world.wall()).date():
        raise PayError(400, "STATEMENT_CREATING", "账单生成中")
    content = bill_file(world, day)
    if content is None:
        raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    url = f"{BILL_HOST}/v3/billdownload/file?token={day:%Y%m%d}"
    return {"hash_type": "SHA1", "hash_value": digest, "download_url": url}


@route("GET", r"/v3/billdownload/file")
def download_bill(world: World, request: Request, body: Json, _: str) -> Response:
    """The file itself, unsigned, as the platform's is."""
    try:
        day = dt.datetime.strptime(request.query.get("token", ""), "%Y%m%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError as error:
        raise PayError(400, "PARAM_ERROR", "token无效") from error
    return signed(world, Response(200, bill_file(world, day) or b"", "text/plain; charset=utf-8", code="SUCCESS"))


def bill_file(world: World, day: dt.date) -> bytes | None:
    """Every payment and refund that succeeded on a Shanghai day; None when there was none."""
    paid = [order for order in world.state.orders.values() if _is_on(order.success_time, day)]
    back = [one for one in world.state.refunds.values() if one.status == "SUCCESS" and _is_on(one.success_time, day)]
    if not paid and not back:
        return None
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEAD.split(","))
    rows.writerows(_marked(row) for row in chain((_paid(world, o) for o in paid), (_back(world, r) for r in back)))
    total, returned = sum(order.total for order in paid), sum(one.amount for one in back)
    rows.writerow(SUMS.split(","))
    sums = [len(paid) + len(back), _yuan(total), _yuan(returned), "0.00", "0.00000", _yuan(total), _yuan(returned)]
    rows.writerow(_marked(sums))
    return text.getvalue().encode()


def _is_on(moment: str, day: dt.date) -> bool:
    return bool(moment) and moment[:10] == day.isoformat()


def _paid(world: World, order: PayOrder) -> list[object]:
    return [
        order.success_time[:19].replace("T", " "), order.appid, world.setting("PAY_MCH_ID"), 0, "", order.transaction_id,
        order.out_trade_no, order.openid, "JSAPI", "SUCCESS", "OTHERS", "CNY", _yuan(order.total), "0.00", 0, 0, "0.00", "0.00",
        "", "", order.description, order.attach, "0.00000", "0.60%", _yuan(order.total), "0.00", "",
    ]  # fmt: skip


def _back(world: World, refund: Refund) -> list[object]:
    order = world.state.orders[refund.out_trade_no]
    return [
        refund.success_time[:19].replace("T", " "), order.appid, world.setting("PAY_MCH_ID"), 0, "", order.transaction_id,
        order.out_trade_no, order.openid, "JSAPI", "REFUND", "OTHERS", "CNY", "0.00", "0.00", refund.refund_id,
        refund.out_refund_no, _yuan(refund.amount), "0.00", "ORIGINAL", "SUCCESS", order.description, order.attach, "0.00000",
        "0.60%", "0.00", _yuan(refund.amount), "",
    ]  # fmt: skip


def _marked(row: list[object]) -> list[str]:
    return [f"`{value}" for value in row]


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
