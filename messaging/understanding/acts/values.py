"""How a found value is written: the database's form of ranges, types, facilities and names."""

import re
import unicodedata

_RANGE = re.compile(r"^(\d+(?:\.\d+)?)(?:小时|个小时|个半小时|天|元|块)?\s*(?:-|—|–|~|到|至|、|,)+\s*(\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_FREE = re.compile(r"免费|免票|不要钱|不收|不要票|不用钱|不用买票|没有门票|没有门票费|免门票|(?<!\d)0元|不花钱")
_PAID = re.compile(r"不免费|收费|要门票|非免费")
FACILITIES = (
    "24小时热水 SPA 中式餐厅 会议室 健身房 免费国内长途电话 免费市内电话 公共区域和部分房间提供wifi 公共区域提供wifi 叫醒服务 吹风机 商务中心 "
    "国际长途电话 室内游泳池 室外游泳池 宽带上网 所有房间提供wifi 接待外宾 接机服务 接站服务 收费停车位 无烟房 早餐服务 早餐服务免费 暖气 桑拿 "
    "棋牌室 残疾人设施 洗衣服务 温泉 看护小孩服务 租车 行李寄存 西式餐厅 部分房间提供wifi 酒吧 酒店各处提供wifi"
).split()
_SHORT = {re.sub("服务$", "", name).lower(): name for name in FACILITIES}


def canonical(slot: str, value: str) -> str:
    """The form of a value as acts carry it; the value itself where there is nothing to rewrite."""
    value = value.strip(" ,.，。、")
    reader = _BY_SLOT.get(slot)
    return reader(unicodedata.normalize("NFKC", value)) if reader else _name(value)


def _name(value: str) -> str:
    """A bracket is closed by its own kind: 香锅(鹅掌） is 香锅(鹅掌)."""
    if "(" in value and "（" not in value:
        return value.replace("）", ")")
    return value.replace(")", "）") if "（" in value and "(" not in value else value


def _range(value: str, unit: str) -> str | None:
    found = _RANGE.match(value)
    return f"{found[1]}-{found[2]}{unit}" if found else None


def _money(value: str) -> str:
    ranged = _range(value, "元")
    if ranged:
        return ranged
    found = _NUMBER.search(value)
    if not found:
        return value
    if re.search("以下|以内|之内|一下|不超|不到", value):
        return f"{found[0]}元以下"
    return f"{found[0]}元以上" if re.search("以上|起", value) else f"{found[0]}元"


def _ticket(value: str) -> str:
    if _PAID.search(value):
        return "不免费"
    return "免费" if _FREE.search(value) else _money(value)


def _score(value: str) -> str:
    found = _NUMBER.search(value)
    if not found:
        return value
    # The database rates to 4.5 and over, 4 and over, or exactly 5: a rating wished for below 5 is a least one.
    return f"{found[0]}分" if found[0] in ("5", "5.0") and "上" not in value else f"{found[0]}分以上"


def _duration(value: str) -> str:
    if "半个小时" in value or ("半小时" in value and not _NUMBER.search(value)):
        return "0.5小时"
    unit = "天" if "天" in value and "小时" not in value else "小时"
    found = _RANGE.match(value)
    if found:
        first = "天" if "天" in value and unit == "天" else "小时"
        last = "天" if value.rstrip().endswith("天") else unit
        return f"{found[1]}{first} - {found[2]}{last}"
    number = _NUMBER.search(value)
    return f"{number[0]}{unit}" if number else value


def _hotel_type(value: str) -> str:
    return value.replace(" ", "").removesuffix("型") + "型"


def _facility(value: str) -> str:
    return _SHORT.get(value.lower().removesuffix("服务"), value)


_BY_SLOT = {
    "评分": _score,
    "人均消费": _money,
    "价格": _money,
    "门票": _ticket,
    "游玩时间": _duration,
    "酒店类型": _hotel_type,
    "酒店设施": _facility,
}
