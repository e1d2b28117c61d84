"""Words for people who travel together: who is one adult, an elder, a child."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from messaging.understanding.text import Span

# Word -> the persons it names. Upper-case sets keep 爸妈 and 爸 from being counted twice.
ELDERS: dict[str, tuple[str, ...]] = {
    "爸爸妈妈": ("爸", "妈"), "爸爸和妈妈": ("爸", "妈"), "老爸老妈": ("爸", "妈"), "父母亲": ("爸", "妈"), "爸妈": ("爸", "妈"), "父母": ("爸", "妈"),
    "爷爷奶奶": ("爷", "奶"), "爷奶": ("爷", "奶"), "外公外婆": ("外公", "外婆"), "姥姥姥爷": ("外公", "外婆"), "姥爷姥姥": ("外公", "外婆"),
    "岳父岳母": ("岳父", "岳母"), "岳父母": ("岳父", "岳母"), "丈人丈母娘": ("岳父", "岳母"), "公公婆婆": ("公公", "婆婆"), "公婆": ("公公", "婆婆"),
    "老丈人": ("岳父",), "丈母娘": ("岳母",), "岳父": ("岳父",), "岳母": ("岳母",), "婆婆": ("婆婆",), "公公": ("公公",), "婆母": ("婆婆",),
    "爷爷": ("爷",), "奶奶": ("奶",), "外公": ("外公",), "外婆": ("外婆",), "姥姥": ("外婆",), "姥爷": ("外公",), "家公": ("公公",), "家婆": ("婆婆",),
    "老父亲": ("爸",), "老母亲": ("妈",), "父亲": ("爸",), "母亲": ("妈",), "老爸": ("爸",), "老妈": ("妈",), "爸爸": ("爸",), "妈妈": ("妈",),
    "老爷子": ("爸",), "老太太": ("妈",), "老妈子": ("妈",), "我爸妈": ("爸", "妈"), "我爸我妈": ("爸", "妈"), "俺爸妈": ("爸", "妈"), "咱爸妈": ("爸", "妈"), "我父母": ("爸", "妈"), "我爸爸妈妈": ("爸", "妈"), "我爸": ("爸",), "我妈": ("妈",), "咱爸": ("爸",), "咱妈": ("妈",), "俺爸": ("爸",), "俺妈": ("妈",),
    "俺爹": ("爸",), "俺娘": ("妈",), "他妈妈": ("对方妈",), "他爸爸": ("对方爸",), "她妈妈": ("对方妈",), "她爸爸": ("对方爸",), "老娘": ("妈",), "爹妈": ("爸", "妈"),
}  # fmt: skip
SAME_ELDERS = re.compile("二老|双亲|两老|老两位")
PARTNERS = (
    "老公 老婆 媳妇儿 媳妇 太太 爱人 对象 男朋友 女朋友 男友 女友 男票 女票 未婚夫 未婚妻 另一半 老伴 我先生 先生 妻子 丈夫 女盆友 男盆友 新婚妻子 那口子 "
    "孩子他爸 孩子他妈 孩子爸爸 孩子妈妈 孩子爸 孩子妈 娃他爸 娃他妈 娃爸 娃妈 宝爸 宝妈 他爸 她爸 她妈"
).split()
ADULTS = (
    "弟弟 妹妹 哥哥 姐姐 表姐 表妹 表哥 表弟 堂姐 堂妹 堂哥 堂弟 嫂子 姐夫 妹夫 弟媳 弟妹 小姨子 小舅子 大姑子 小姑子 闺蜜 闺密 室友 发小 死党 哥们儿 哥们 "
    "小姨 舅舅 舅妈 姑姑 姑妈 姨妈 叔叔 婶婶 大伯 伯母 同事 同学 朋友 老同学 好友 搭子 我弟 我妹 我哥 我姐 俺弟 俺妹 俺哥 俺姐 女婿 儿媳妇 儿媳 儿媳妇儿 保姆 阿姨 助理 司机"
).split()
CHILDREN = (
    "小孩子 小孩 孩子 女儿 儿子 闺女 娃娃 娃儿 娃 宝宝 宝贝 小朋友 儿童 小宝 大宝 二宝 孙子 孙女 小孙子 小孙女 外孙女 外孙 外甥女 外甥 侄女 侄子 侄儿 丫头 小子 "
    "小家伙 千金 熊孩子 神兽 崽 老大 老二 老三 小的 大的 小公主 小丫头 婴儿 毛孩子"
).split()
GROUP_NOUNS = (
    "人 朋友 同事 同学 闺蜜 闺密 女生 男生 女的 男的 女孩子 女孩 男孩子 女孩儿 姑娘 小姑娘 小伙子 小伙 年轻人 哥们 兄弟 姐妹 影友 驴友 学生 老师 女士 男士 先生 阿姨 大妈 大姐 大叔 "
    "员工 客人 客户 伙伴 小伙伴 好友 室友 战友 队友 同伴 单身狗 成员 党员 职工 打工人 退休老人 老姐妹 老哥们 老同事 老同学 老战友 领导 家人 搭子 发烧友 吃货 老铁 女同志 男同志 汉子 大老爷们 老爷们 "
    "妹子 妹纸 小姐姐 亲戚 球友 车友 游客 旅客"
).split()
_FORMS: dict[str, str] = {
    **dict.fromkeys(ELDERS, "elder"),
    **dict.fromkeys(PARTNERS, "partner"),
    **dict.fromkeys(ADULTS, "adult"),
    **dict.fromkeys(CHILDREN, "child"),
}
_WORDS = re.compile("|".join(sorted(_FORMS, key=len, reverse=True)))
# 他妈妈家, 外婆家: a house, no traveller; 我老公说: a speaker; 孩子王.
_NOBODY = re.compile(r"^(?:家(?!里?人)|说|让我|问|觉得|推荐|节|王|们?发|的生日|生日|房|床|票|车|装|团(?!聚)|餐|乐园|圈)")


@dataclass(frozen=True)
class Person:
    """A word for somebody, where it stands and which kind of traveller it names."""

    span: Span
    word: str
    kind: str


def people(text: str) -> Iterator[Person]:
    """Words for relatives and friends in a plain text, longest first, left to right."""
    for match in _WORDS.finditer(text):
        if not _NOBODY.match(text[match.end() : match.end() + 4]):
            yield Person(Span(*match.span()), match[0], _FORMS[match[0]])
