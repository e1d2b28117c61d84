"""Two suppliers' files as they really come: right for the most part, and wrong in the usual ways.

`python -m scrm.demo.feed_files` writes them below `feeds/`, with `defects.json` saying which rows are wrong and how.
A file lists the supplier's resources under the ids that the demo has already; few prices differ, a few rows are new.
"""

import csv
import io
import json
import random
from typing import Any

from scrm.demo import world

HOTEL_COLUMNS = ["编号", "酒店名称", "城市", "地址", "星级", "房型", "结算价", "库存", "酒店设施", "纬度", "经度", "有效期至"]
CHANGED_SHARE = 0.15
NEW_HOTELS = (
    ("WN-H31", "绩溪龙川徽府客栈", "绩溪", "龙川", 3, "徽韵大床", 238, 30.0712, 118.6150),
    ("XA-H31", "西安小雁塔丽呈睿轩酒店", "西安", "小雁塔", 4, "高级双床", 318, 34.2395, 108.9362),
    ("SC-H31", "都江堰宽舍灌县古城店", "都江堰", "灌县古城", 4, "临水大床", 358, 30.9991, 103.6165),
)
EXPERIENCES = (
    ("YN-E01", "喜洲扎染半日课", "大理", 168, 180, "跟周城阿嬢做一块方巾，当场浸染、晾晒、带走。"),
    ("YN-E02", "洱海晨间皮划艇", "大理", 198, 120, "风最小的早晨下水，教练一对三，含救生衣与热茶。"),
    ("YN-E03", "苍山松茸采摘", "大理", 260, 240, "七到九月上山，向导带路，午餐现烤。"),
    ("YN-E04", "白沙纳西古乐小班", "丽江", 88, 60, "老艺人讲曲子来历，可以上手敲一段。"),
    ("YN-E05", "束河皮具手作", "丽江", 158, 150, "做一个零钱包，师傅帮着收边。"),
    ("YN-E06", "拉市海茶马古道骑马", "丽江", 220, 120, "一人一马一牵马师，十岁以下同乘。"),
    ("YN-E07", "泸沽湖日出猪槽船", "丽江", 60, 90, "天亮前上船，划到里务比岛看日出。"),
    ("YN-E08", "独克宗唐卡体验", "香格里拉", 188, 120, "画师教勾线与矿物颜料，作品可带走。"),
)


def build_hotels() -> tuple[bytes, list[dict[str, str]]]:
    """The weekly price list of the hotel wholesaler as GB18030 CSV, and its defects."""
    rng = random.Random("huizhou-stays")  # noqa: S311
    supplier = next(entry for entry in world.suppliers() if entry.code == "huizhou-stays")
    rows = [_hotel_row(hotel, rng) for hotel in world.hotels() if hotel.destination in supplier.destinations]
    rows += [_new_hotel(*entry) for entry in NEW_HOTELS]
    defects = _spoil_hotels(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HOTEL_COLUMNS)
    writer.writerows([row[column] for column in HOTEL_COLUMNS] for row in rows)
    return text.getvalue().encode("gb18030"), defects


def _hotel_row(hotel: world.Hotel, rng: random.Random) -> dict[str, str]:
    price = hotel.rooms[0]["low"]
    if rng.random() < CHANGED_SHARE:
        price = round(price * rng.uniform(0.9, 1.12))
    values = [
        hotel.id, hotel.name, hotel.city, f"{hotel.city}{hotel.district}", hotel.stars, hotel.rooms[0]["name"], price,
        rng.randint(2, 30), "、".join(hotel.facilities), hotel.latitude, hotel.longitude, "2027-03-31",
    ]  # fmt: skip
    return dict(zip(HOTEL_COLUMNS, map(str, values), strict=True))


def _new_hotel(
    code: str, name: str, city: str, district: str, stars: int, room: str, price: int, latitude: float, longitude: float
) -> dict[str, str]:
    values = [code, name, city, city + district, stars, room, price, 8, "早餐、停车", latitude, longitude, "2027/3/31"]
    return dict(zip(HOTEL_COLUMNS, map(str, values), strict=True))


def _spoil_hotels(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    by_id = {row["编号"]: row for row in rows}
    spoils = (
        ("XA-H06", "结算价", "", "price_missing"),
        ("SC-H09", "结算价", "面议", "price_unreadable"),
        ("WN-H07", "结算价", "32000", "price_times_100"),
        ("XA-H10", "结算价", "0", "price_zero"),
        ("SC-H06", "库存", "-3", "stock_negative"),
        ("WN-H10", "城市", "篁岭景区内", "city_unknown"),
        ("SC-H13", "纬度", "0", "place_bad"),
        ("XA-H14", "酒店名称", "<b>临潼悦椿温泉酒店</b>", "markup"),
        ("WN-H02", "结算价", "￥８８０", "full_width"),
        ("XA-H03", "有效期至", "27.3.31", "date_format"),
    )
    for code, column, value, _kind in spoils:
        by_id[code][column] = value
    repeated = [dict(by_id[code]) for code in ("WN-H01", "SC-H04", "XA-H01")]
    repeated[1]["结算价"] = str(int(repeated[1]["结算价"]) + 20)
    rows += repeated
    found = [{"id": code, "field": column, "kind": kind} for code, column, _value, kind in spoils]
    return found + [{"id": row["编号"], "field": "编号", "kind": "duplicate"} for row in repeated]


def build_attractions() -> tuple[bytes, list[dict[str, str]]]:
    """The ground operator's export as JSON, and its defects."""
    rows = [_attraction_row(entry) for entry in world.attractions() if entry.destination == "yunnan"]
    rows += [_experience_row(*entry) for entry in EXPERIENCES]
    defects = _spoil_attractions(rows)
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'{{"supplier": "滇西北云岭地接社", "items": [\n{body}\n]}}\n'.encode(), defects


def _attraction_row(entry: world.Attraction) -> dict[str, Any]:
    return {
        "sku": entry.id, "名称": entry.name, "城市": entry.city, "门票": entry.ticket, "游玩时间": f"{entry.visit_minutes}分钟",
        "开放时间": "，".join(entry.opening), "纬度": entry.latitude, "经度": entry.longitude, "库存": 200, "简介": entry.summary,
    }  # fmt: skip


def _experience_row(code: str, name: str, city: str, price: int, minutes: int, text: str) -> dict[str, Any]:
    return {
        "sku": code, "名称": name, "城市": city, "门票": price, "游玩时间": f"{minutes}分钟",
        "开放时间": "09:00-17:00", "库存": 20, "简介": text,
    }  # fmt: skip


def _spoil_attractions(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    by_id = {row["sku"]: row for row in rows}
    spoils: tuple[tuple[str, str, Any, str], ...] = (
        ("YN-A03", "门票", None, "price_missing"),
        ("YN-A14", "门票", 24000, "price_times_100"),
        ("YN-A04", "游玩时间", "240小时", "duration_impossible"),
        ("YN-A12", "游玩时间", "-30分钟", "duration_unreadable"),
        ("YN-A17", "库存", -12, "stock_negative"),
        ("YN-A25", "城市", "香格里垃", "city_unknown"),
        ("YN-A22", "开放时间", "看天气", "hours_unreadable"),
        ("YN-E03", "门票", -260, "price_negative"),
        ("YN-A09", "经度", 1002.093, "place_bad"),
    )
    for code, field, value, _kind in spoils:
        by_id[code][field] = value
    repeated = [dict(by_id[code]) for code in ("YN-A06", "YN-E01")]
    rows += repeated
    found = [{"id": code, "field": field, "kind": kind} for code, field, _value, kind in spoils]
    return found + [{"id": row["sku"], "field": "sku", "kind": "duplicate"} for row in repeated]


def files() -> dict[str, bytes]:
    """Every file of `feeds/` by name."""
    hotels, hotel_defects = build_hotels()
    attractions, attraction_defects = build_attractions()
    listed = [{"file": "huizhou-stays.csv", **one} for one in hotel_defects]
    listed += [{"file": "dianxi-ground.json", **one} for one in attraction_defects]
    body = ",\n".join(json.dumps(one, ensure_ascii=False) for one in listed)
    return {"huizhou-stays.csv": hotels, "dianxi-ground.json": attractions, "defects.json": f"[\n{body}\n]\n".encode()}


if __name__ == "__main__":
    for name, content in files().items():
        (world.FEEDS / name).write_bytes(content)
