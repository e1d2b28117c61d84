"""Words an advertisement must not use, each with a way to say it that can be proven."""

# Absolute claims of the kind market regulators fine under article 9 of the advertising law.
ABSOLUTE_WORDS: dict[str, str] = {
    "国家级": "经认定的",
    "世界级": "国际知名",
    "最高级": "高品质",
    "最佳": "优选",
    "全网最低": "限时优惠价",
    "最低价": "限时优惠价",
    "最低": "优惠",
    "最便宜": "更实惠",
    "最优惠": "特惠",
    "最划算": "更划算",
    "最好": "优质",
    "最大": "较大规模",
    "最强": "专业",
    "最受欢迎": "广受欢迎",
    "最美": "风景优美",
    "史上最": "本季",
    "第一品牌": "专业品牌",
    "全网第一": "好评众多",
    "全国第一": "广受好评",
    "第一": "领先",
    "销量冠军": "热销",
    "唯一": "特色",
    "独家": "专属",
    "首选": "推荐",
    "顶级": "高端",
    "极品": "精选",
    "极致": "用心",
    "绝对": "非常",
    "绝无仅有": "难得一见",
    "百分之百": "尽力",
    "100%": "尽力",
    "万能": "多用途",
    "永久": "长期",
    "零风险": "有保障",
    "史无前例": "难得",
    "空前": "难得",
}

# Promises about a trip that nobody can keep.
PROMISES: dict[str, str] = {
    "包过": "协助办理",
    "保证成团": "不成团全额退款",
    "保证晴天": "以当日天气为准",
    "稳赚": "",
    "必中": "有机会获得",
    "零投诉": "好评较多",
}

# Everyday words that only begin like a claim: "第一天" is day one, "最低成团人数" the minimum group size.
HARMLESS_AFTER: dict[str, str] = {"第一": "天站次晚日眼时步批期餐", "最低": "成温气消", "最大": "限"}
