"""Personal data becomes placeholders before a text leaves the house for a language model."""

import re
from collections.abc import Sequence

_WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹"
    "薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_RULES = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII), "[邮箱]"),
    (
        re.compile(r"(?<![0-9A-Za-z])\d{6}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])"),
        "[证件号]",
    ),
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)\d{4}(?:[- ]?\d{4}){2,3}[- ]?\d{1,4}(?!\d)"), "[银行卡]"),
    (re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"), "[电话]"),
    (re.compile(r"(?<![0-9A-Za-z])(?:[EGDSPH]\d{8}|[EH][A-Z]\d{7}|[HM]\d{10})(?![0-9A-Za-z])"), "[证件号]"),
    (re.compile(r"(?i)((?:微信号?|wechat|weixin|vx)\s*(?:id)?\s*[:：是]?\s*)[A-Za-z][-_A-Za-z0-9]{5,19}"), r"\1[微信号]"),
    (re.compile(rf"((?:我叫|本人叫|姓名|联系人|出行人)\s*[:：是]?\s*)[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"), r"\1[姓名]"),
)


def redact_personal_data(text: str, names: Sequence[str] = ()) -> str:
    """The text with phone, identity-document and card numbers, e-mail addresses, WeChat ids and names replaced.

    `names` are names the caller knows of; one of a single character is left alone, since it would hit ordinary words.
    """
    text = text.translate(_WIDE_DIGITS)
    for name in sorted({name.strip() for name in names}, key=len, reverse=True):
        if len(name) > 1:
            text = text.replace(name, "[姓名]")
    for pattern, placeholder in _RULES:
        text = pattern.sub(placeholder, text)
    return text
