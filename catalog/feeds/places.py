"""Which city an address or a city cell means."""

import re
from collections.abc import Iterable, Mapping

# Prefecture-level cities, prefectures, and county-level places people travel to. Names of places are facts.
_BY_PROVINCE = {
    "北京": "北京", "上海": "上海", "天津": "天津", "重庆": "重庆",
    "河北": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 北戴河",
    "山西": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁 平遥 五台山",
    "内蒙古": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安盟 锡林郭勒 阿拉善 满洲里 额尔古纳",
    "辽宁": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛",
    "吉林": "长春 吉林 四平 辽源 通化 白山 松原 白城 延边 延吉 长白山",
    "黑龙江": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭 漠河 雪乡",
    "江苏": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 昆山 周庄",
    "浙江": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 乌镇 桐乡 安吉 千岛湖 淳安 普陀 义乌 德清 莫干山",
    "安徽": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 宏村",
    "福建": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 武夷山 平潭",
    "江西": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 婺源 庐山",
    "山东": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 曲阜 蓬莱",
    "河南": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源 登封",
    "湖北": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 天门 神农架",
    "湖南": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 凤凰 吉首",
    "广东": "广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮",
    "广西": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左 阳朔 涠洲岛",
    "海南": "海口 三亚 三沙 儋州 五指山 琼海 文昌 万宁 东方 陵水 保亭 琼中 博鳌",
    "四川": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 "
    "广安 达州 雅安 巴中 资阳 阿坝 甘孜 凉山 都江堰 九寨沟 峨眉山 稻城 康定 西昌",
    "贵州": "贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南 凯里 荔波 西江 镇远",
    "云南": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 "
    "西双版纳 大理 德宏 怒江 迪庆 香格里拉 腾冲 景洪 泸沽湖 元阳 双廊",
    "西藏": "拉萨 日喀则 昌都 林芝 山南 那曲 阿里",
    "陕西": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛 华山 华阴",
    "甘肃": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南 敦煌 夏河",
    "青海": "西宁 海东 海北 黄南 海南州 果洛 玉树 海西 格尔木 茶卡 德令哈",
    "宁夏": "银川 石嘴山 吴忠 固原 中卫",
    "新疆": "乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 克孜勒苏 喀什 "
    "和田 伊犁 伊宁 塔城 阿勒泰 石河子 库尔勒 喀纳斯 布尔津 那拉提 特克斯",
    "香港": "香港", "澳门": "澳门", "台湾": "台北 高雄 台中 台南 花莲 垦丁",
}  # fmt: skip
CITIES: frozenset[str] = frozenset(city for names in _BY_PROVINCE.values() for city in names.split())
_PROVINCE = re.compile(rf"^(?:中国)?(?:{'|'.join(_BY_PROVINCE)})(?:省|市|特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区)?")
MUNICIPALITIES = ("北京", "上海", "天津", "重庆", "香港", "澳门")
_PLACE_FOLLOWS = re.compile(r"市|地区|[^市区县路街]{0,12}自治州|州|县|$|[^路街道巷号弄区县市]{1,6}[区县市镇]")
_SUFFIX = re.compile(r"(市|地区|盟|自治州|县|州)$")
UNANIMOUS_ROWS = 10


def city_named(text: str, known: frozenset[str] = CITIES) -> str:
    """The city a city cell names ("杭州", "杭州市", "浙江省杭州市"); "" when we know none of that name."""
    plain = re.sub(r"\s+", "", text)
    for name in (plain, _SUFFIX.sub("", plain)):
        if name in known or name in MUNICIPALITIES:
            return name
    return city_in(plain, known)


def city_in(address: str, known: frozenset[str] = CITIES) -> str:
    """The city an address begins with; "" when it names none.

    Without a province, a name counts only before 市 or a district: 苏州街 is a street in Beijing, not Suzhou.
    """
    plain = re.sub(r"\s+", "", address).removeprefix("中国")
    if plain.startswith(MUNICIPALITIES):
        return plain[:2]
    without = _PROVINCE.sub("", plain, count=1)
    name = next((without[:length] for length in (6, 5, 4, 3, 2) if without[:length] in known), "")
    if not name:
        return ""
    return name if without != plain or _PLACE_FOLLOWS.match(without[len(name) :]) else ""


def with_places(extra: Iterable[str]) -> frozenset[str]:
    """The cities we know, and those of our destinations."""
    return CITIES | {name for name in extra if name}


def assumed_city(counts: Mapping[str, int]) -> str:
    """The city of rows that name none: the one every other row of the file names, if at least ten do."""
    named = {city: count for city, count in counts.items() if city}
    if len(named) != 1:
        return ""
    city, count = next(iter(named.items()))
    return city if count >= UNANIMOUS_ROWS else ""
