"""An OCTO supplier (`octo.example.com`): five experiences, days that are sold out, holds that expire, prices that change.

Where a day stands follows from the product and the date alone (every ninth is sold out, every thirteenth closed), minus what
was booked here; the verbs of the control plane change it. All of it is invented.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

from gateways.simulator.clock import shanghai
from gateways.simulator.control import verb
from gateways.simulator.exchange import Json, Request, Response, json_response
from gateways.simulator.octo_state import OctoBooking
from gateways.simulator.world import World

HOST = "octo.example.com"
BASE = "/octo/v1"
LONGEST_DAYS, LONGEST_MINUTES, MOST_UNITS = 370, 240, 30
CAPACITY = 18
_ADULT, _CHILD = "adult", "child"


def _product(key: str, title: str, text: str, address: str, place: tuple[float, float], *options: tuple[str, str, int]) -> Json:
    return {"id": key, "title": title, "text": text, "address": address, "place": place, "options": options}


_YALONG = "三亚市吉阳区亚龙湾国家旅游度假区"
_LIST = (
    _product(
        "sy-yacht", "半山半岛帆船出海", "双体帆船出海两小时，含浮潜装备与简餐。", "三亚市吉阳区鹿岭路8号",
        (18.2090, 109.4780), ("am", "上午场 09:30", 19_800), ("sunset", "日落场 16:30", 25_800),
    ),
    _product(
        "sy-forest", "亚龙湾热带天堂森林公园", "含园区环保车往返，过龙江索桥。", _YALONG,
        (18.2480, 109.6500), ("day", "日场", 15_800),
    ),
    _product(
        "sy-dive", "蜈支洲岛潜水体验", "持证教练一对一，岛上往返船票另计。", "三亚市海棠区林旺镇",
        (18.3100, 109.7600), ("shore", "岸潜", 38_000), ("boat", "船潜", 58_000),
    ),
    _product(
        "sy-show", "三亚千古情演出", "演出约一小时，请提前四十分钟入园。", "三亚市吉阳区迎宾路333号",
        (18.2900, 109.5300), ("normal", "观众席", 22_000), ("vip", "贵宾席", 26_000),
    ),
    _product(
        "sy-farm", "南田共享农庄亲子采摘", "儿童须由成人陪同，含采摘篮与午餐。", "三亚市海棠区南田农场",
        (18.3900, 109.7100), ("family", "亲子半日", 12_800),
    ),
)  # fmt: skip
PRODUCTS: dict[str, Json] = {product["id"]: product for product in _LIST}


class OctoError(Exception):
    """A refusal in OCTO's words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def respond(world: World, request: Request) -> Response:
    """Answer one call of a reseller."""
    try:
        if request.headers.get("authorization") != f"Bearer {world.setting('OCTO_TOKEN')}":
            raise OctoError(401, "UNAUTHORIZED", "A valid bearer token is required.")
        if not request.path.startswith(f"{BASE}/"):
            raise OctoError(404, "NOT_FOUND", "No such endpoint.")
        return json_response(_route(world, request, request.path.removeprefix(BASE).strip("/").split("/")), code="200")
    except OctoError as error:
        return refusal(error.status, error.code, error.message)


def refusal(status: int, code: str, message: str = "") -> Response:
    """An error as OCTO writes it."""
    return json_response({"error": code, "errorMessage": message or code}, status, code)


def _route(world: World, request: Request, parts: list[str]) -> Any:
    match (request.method, *parts):
        case ("GET", "products"):
            return [_shown(world, product) for key, product in PRODUCTS.items() if key not in world.state.octo.withdrawn]
        case ("POST", "availability", "calendar"):
            return list(_calendar(world, _body(request)))
        case ("POST", "availability"):
            return list(_slots(world, _body(request)))
        case ("POST", "bookings"):
            return _booked(world, _reserve(world, _body(request)))
        case ("GET", "bookings", key):
            return _booked(world, _found(world, key))
        case ("POST", "bookings", key, "confirm"):
            return _booked(world, _confirm(world, key, _body(request)))
        case ("POST", "bookings", key, "cancel"):
            return _booked(world, _cancel(world, key))
    raise OctoError(404, "NOT_FOUND", "No such endpoint.")


def _body(request: Request) -> Json:
    try:
        body = request.json()
    except ValueError as error:
        raise OctoError(400, "BAD_REQUEST", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise OctoError(400, "BAD_REQUEST", "The body is not an object.")
    return body


def _shown(world: World, product: Json) -> Json:
    lat, lon = product["place"]
    options = [
        {"id": key, "internalName": name, "units": [_unit(world, product["id"], net, unit) for unit in (_ADULT, _CHILD)]}
        for key, name, net in product["options"]
    ]
    return {
        "id": product["id"], "internalName": product["title"], "title": product["title"], "description": product["text"],
        "location": {"address": product["address"], "latitude": lat, "longitude": lon}, "defaultCurrency": "CNY",
        "availabilityType": "START_TIME", "instantConfirmation": True, "options": options,
    }  # fmt: skip


def _unit(world: World, product_id: str, net: int, unit: str) -> Json:
    ages = {"minAge": 12, "maxAge": 120} if unit == _ADULT else {"minAge": 3, "maxAge": 11}
    priced = _pricing(_net(world, product_id, net, unit))
    title = "成人" if unit == _ADULT else "儿童"
    return {
        "id": unit, "internalName": unit, "title": title, "type": unit.upper(), "restrictions": ages, "pricingFrom": [priced]
    }  # fmt: skip


def _net(world: World, product_id: str, net: int, unit: str) -> int:
    percent = world.state.octo.price_percent.get(product_id, 100)
    return net * percent // 100 if unit == _ADULT else net * percent // 200


def _pricing(net: int) -> Json:
    return {
        "original": net * 130 // 100, "retail": net * 120 // 100, "net": net, "currency": "CNY", "currencyPrecision": 2,
        "includedTaxes": [],
    }  # fmt: skip


def _option(body: Json) -> tuple[Json, int]:
    product = PRODUCTS.get(str(body.get("productId")))
    if product is None:
        raise OctoError(400, "INVALID_PRODUCT_ID", "The productId was invalid.")
    for key, _name, net in product["options"]:
        if key == body.get("optionId"):
            return product, net
    raise OctoError(400, "INVALID_OPTION_ID", "The optionId was invalid.")


def _days(body: Json) -> Iterator[dt.date]:
    try:
        first, last = (dt.date.fromisoformat(str(body.get(name))) for name in ("localDateStart", "localDateEnd"))
    except ValueError as error:
        raise OctoError(400, "BAD_REQUEST", "localDateStart and localDateEnd are dates.") from error
    if not 0 <= (last - first).days <= LONGEST_DAYS:
        raise OctoError(400, "BAD_REQUEST", "The range is too long.")
    return (first + dt.timedelta(days=offset) for offset in range((last - first).days + 1))


def _status(world: World, product_id: str, day: dt.date, option_id: str) -> tuple[str, int]:
    """The status of a day and its vacancies."""
    name, octo = f"{product_id}|{day.isoformat()}", world.state.octo
    dice = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    if day < shanghai(world.wall()).date() or name in octo.closed or dice % 13 == 0:
        return "CLOSED", 0
    if name in octo.sold_out or dice % 9 == 0:
        return "SOLD_OUT", 0
    taken = sum(
        len(one.units) for one in octo.bookings.values()
        if (one.product_id, one.option_id, one.day) == (product_id, option_id, day.isoformat()) and _is_live(world, one)
    )  # fmt: skip
    left = max(0, CAPACITY - dice % 7 - taken)
    return ("SOLD_OUT" if left == 0 else "LIMITED" if left <= 4 else "AVAILABLE"), left


def _is_live(world: World, booking: OctoBooking) -> bool:
    _expire(world, booking)
    return booking.status in {"ON_HOLD", "CONFIRMED"}


def _expire(world: World, booking: OctoBooking) -> None:
    if booking.status == "ON_HOLD" and world.now() >= booking.hold_until:
        booking.status = "EXPIRED"


def _calendar(world: World, body: Json) -> Iterator[Json]:
    product, net = _option(body)
    for day in _days(body):
        status, left = _status(world, product["id"], day, str(body["optionId"]))
        prices = [
            {"unitId": unit, **_pricing(_net(world, product["id"], net, unit))} for unit in (_ADULT, _CHILD)
        ]  # fmt: skip
        yield {
            "localDate": day.isoformat(), "available": status not in {"CLOSED", "SOLD_OUT"}, "status": status, "vacancies": left,
            "capacity": CAPACITY, "unitPricingFrom": prices,
        }  # fmt: skip


def _slots(world: World, body: Json) -> Iterator[Json]:
    product, net = _option(body)
    units = body.get("units")
    asked: list[tuple[str, Any]] = (
        [(str(one.get("id")), one.get("quantity")) for one in units if isinstance(one, dict)] if isinstance(units, list) else []
    )
    for unit, quantity in asked:
        if unit not in {_ADULT, _CHILD} or type(quantity) is not int or not 0 < quantity <= MOST_UNITS:
            raise OctoError(400, "INVALID_UNIT_ID", "A unit was invalid.")
    total = sum(_net(world, product["id"], net, unit) * number for unit, number in asked)
    wanted = sum(number for _unit_id, number in asked)
    for day in _days(body):
        status, left = _status(world, product["id"], day, str(body["optionId"]))
        if status == "CLOSED":
            continue
        enough = left >= wanted and status != "SOLD_OUT"
        yield {
            "id": f"{day.isoformat()}T09:30:00+08:00", "localDateTimeStart": f"{day.isoformat()}T09:30:00+08:00",
            "localDateTimeEnd": f"{day.isoformat()}T11:30:00+08:00", "available": enough,
            "status": status if enough else "SOLD_OUT", "vacancies": left, "capacity": CAPACITY, "pricing": _pricing(total),
        }  # fmt: skip


def _reserve(world: World, body: Json) -> OctoBooking:
    try:
        key = str(uuid.UUID(str(body.get("uuid"))))
    except ValueError as error:
        raise OctoError(400, "BAD_REQUEST", "uuid is no uuid.") from error
    known = world.state.octo.bookings.get(key)
    if known is not None:  # the same uuid again is the same booking
        return known
    product, net = _option(body)
    day = str(body.get("availabilityId"))[:10]
    units = [str(one.get("unitId")) for one in body.get("unitItems") or [] if isinstance(one, dict)]
    if not units or len(units) > MOST_UNITS or set(units) - {_ADULT, _CHILD}:
        raise OctoError(400, "INVALID_UNIT_ID", "A unit was invalid.")
    status, left = _status(world, product["id"], _date(day), str(body["optionId"]))
    if status in {"CLOSED", "SOLD_OUT"} or left < len(units):
        raise OctoError(422, "UNPROCESSABLE_ENTITY", "This availability is sold out.")
    minutes = min(max(int(body.get("expirationMinutes") or 30), 1), LONGEST_MINUTES)
    total = sum(_net(world, product["id"], net, unit) for unit in units)
    until = world.now() + minutes * 60, world.wall() + minutes * 60
    booking = OctoBooking(key, product["id"], str(body["optionId"]), day, units, total, "ON_HOLD", *until)
    world.state.octo.bookings[key] = booking
    world.count("octo.reserved")
    return booking


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise OctoError(400, "INVALID_AVAILABILITY_ID", "The availabilityId was invalid.") from error


def _found(world: World, key: str) -> OctoBooking:
    booking = world.state.octo.bookings.get(key)
    if booking is None:
        raise OctoError(400, "INVALID_BOOKING_UUID", "The booking uuid was already used, or was not found.")
    _expire(world, booking)
    return booking


def _confirm(world: World, key: str, body: Json) -> OctoBooking:
    booking = _found(world, key)
    if booking.status == "ON_HOLD":
        booking.status, booking.reference = "CONFIRMED", world.new_id("OC", 10).upper()
        booking.reseller_reference = str(body.get("resellerReference") or "")[:60]
        world.count("octo.confirmed")
    if booking.status != "CONFIRMED":
        raise OctoError(422, "UNPROCESSABLE_ENTITY", f"A booking that is {booking.status} cannot be confirmed.")
    return booking


def _cancel(world: World, key: str) -> OctoBooking:
    booking = _found(world, key)
    if booking.status in {"ON_HOLD", "CONFIRMED"}:
        booking.status = "CANCELLED"
        world.count("octo.cancelled")
    return booking


def _booked(world: World, booking: OctoBooking) -> Json:
    _expire(world, booking)
    expires = dt.datetime.fromtimestamp(booking.expires_at, dt.UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": booking.uuid, "uuid": booking.uuid, "status": booking.status, "productId": booking.product_id,
        "optionId": booking.option_id, "availabilityId": f"{booking.day}T09:30:00+08:00",
        "supplierReference": booking.reference or None,
        "resellerReference": booking.reseller_reference or None, "utcExpiresAt": expires if booking.status == "ON_HOLD" else None,
        "unitItems": [{"unitId": unit} for unit in booking.units], "pricing": _pricing(booking.net),
    }  # fmt: skip


# --- the control plane -------------------------------------------------------------------------------------


@verb("octo/price")
def change_price(world: World, product_id: str, percent: int) -> Json:
    """Sell a product at so many percent of its usual price from now on."""
    world.state.octo.price_percent[product_id] = max(0, percent)
    return {"product_id": product_id, "percent": percent}


@verb("octo/sold_out")
def sell_out(world: World, product_id: str, date: str, closed: bool = False) -> Json:
    """Sell out a day, or close it."""
    (world.state.octo.closed if closed else world.state.octo.sold_out).append(f"{product_id}|{date}")
    return {"product_id": product_id, "date": date}


@verb("octo/withdraw")
def withdraw(world: World, product_ids: list[str]) -> Json:
    """Take products out of the list, as a supplier whose export broke would."""
    world.state.octo.withdrawn = list(product_ids)
    return {"withdrawn": len(product_ids)}


@verb("octo/bookings")
def bookings(world: World) -> list[Json]:
    """Everything that was reserved here."""
    return [_booked(world, booking) for booking in world.state.octo.bookings.values()]
