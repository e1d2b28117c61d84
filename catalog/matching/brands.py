"""Chains of hotels and restaurants, with the ways suppliers write them. Names of brands are facts.

A chain's lines are told apart (7天 is not 7天优品, 希尔顿 not 希尔顿欢朋): the longest spelling found in a name counts.
"""

_HOTELS = """
7天优品 7天优品酒店
7天 7天连锁酒店 7天连锁 7天酒店 7days 七天连锁酒店 七天
如家精选 如家精选酒店
如家商旅 如家商旅酒店
如家neo 如家酒店neo 如家酒店·neo
如家 如家快捷酒店 如家快捷 如家酒店 homeinn
汉庭优佳 汉庭优佳酒店
汉庭 汉庭酒店 汉庭快捷酒店 汉庭快捷 hanting
全季 全季酒店 jihotel
桔子水晶 桔子水晶酒店
桔子精选 桔子酒店·精选 桔子酒店精选 桔子精选酒店
桔子 桔子酒店 orangehotel
漫心 漫心酒店 漫心府
星程 星程酒店
海友 海友酒店 海友良品
怡莱 怡莱酒店
宜必思尚品 宜必思尚品酒店 ibisstyles
宜必思 宜必思酒店 ibis
美居 美居酒店 mercure
美爵 美爵酒店
诺富特 诺富特酒店 novotel
铂尔曼 铂尔曼酒店 pullman
索菲特 索菲特大酒店 sofitel
费尔蒙 费尔蒙酒店 fairmont
莱佛士 莱佛士酒店 raffles
锦江之星品尚 锦江之星·品尚
锦江之星风尚 锦江之星·风尚
锦江之星 锦江之星酒店 锦江之星旅馆 jinjianginn
锦江都城 锦江都城酒店
白玉兰 白玉兰酒店
维也纳国际 维也纳国际酒店
维也纳3好 维也纳3好酒店 维也纳三好酒店
维也纳智好 维也纳智好酒店
维也纳 维也纳酒店 vienna
格林豪泰 格林豪泰酒店 格林豪泰商务酒店 格林豪泰快捷酒店 greentreeinn
格林东方 格林东方酒店
格盟 格盟酒店
贝壳 贝壳酒店
布丁严选 布丁严选酒店
布丁 布丁酒店 布丁连锁酒店 podinn
速8 速8酒店 super8 速八酒店
莫泰168 莫泰168连锁旅店
莫泰 莫泰酒店 莫泰连锁酒店 motel
99优选 99优选酒店
99旅馆 99旅馆连锁 99连锁旅馆
尚客优 尚客优酒店 尚客优快捷酒店 尚客优连锁酒店
骏怡 骏怡连锁酒店 骏怡酒店
城市便捷 城市便捷酒店
宜尚 宜尚酒店
柏曼 柏曼酒店
麗枫 麗枫酒店 丽枫 丽枫酒店 lavande
喆啡 喆啡酒店
希岸 希岸酒店 希岸轻雅
潮漫 潮漫酒店
派酒店 派柏云酒店
iu iu酒店
欣燕都 欣燕都连锁酒店 欣燕都酒店
易佰 易佰连锁旅店 易佰酒店
飘home 飘home连锁酒店
亚朵s 亚朵s酒店
亚朵x 亚朵x酒店
亚朵轻居 轻居
亚朵 亚朵酒店 atour
丽呈 丽呈酒店
开元名都 开元名都大酒店
开元曼居 开元曼居酒店 曼居酒店
开元大酒店
君澜 君澜度假酒店 君澜酒店
花间堂
松赞
既下山
悦榕庄 banyantree
悦椿 悦椿度假酒店 悦椿酒店
安缦 aman
四季 四季酒店 fourseasons
半岛 半岛酒店 peninsula
文华东方 文华东方酒店 mandarinoriental
丽思卡尔顿 丽思·卡尔顿 丽思卡尔顿酒店 ritzcarlton
瑞吉 瑞吉酒店 瑞吉度假酒店 stregis
w酒店
威斯汀 威斯汀酒店 威斯汀大饭店 westin
喜来登 喜来登酒店 喜来登度假酒店 喜来登大酒店 sheraton
福朋喜来登 福朋 fourpoints
艾美 艾美酒店 lemeridien
jw万豪 jwmarriott
万豪行政公寓
万豪 万豪酒店 万豪度假酒店 marriott
万丽 万丽酒店 万丽度假酒店 renaissance
万怡 万怡酒店 courtyard
万枫 万枫酒店 fairfield
源宿 源宿酒店
雅乐轩 雅乐轩酒店 aloft
豪华精选 豪华精选酒店
洲际 洲际酒店 洲际度假酒店 intercontinental
皇冠假日 皇冠假日酒店 皇冠假日度假酒店 crowneplaza
智选假日 智选假日酒店 holidayinnexpress
假日 假日酒店 假日度假酒店 holidayinn
英迪格 英迪格酒店 hotelindigo
华邑 华邑酒店
金普顿 金普顿酒店 kimpton
逸衡 逸衡酒店
康莱德 康莱德酒店 conrad
华尔道夫 华尔道夫酒店 waldorfastoria
希尔顿逸林 逸林 doubletree
希尔顿欢朋 欢朋 hampton
希尔顿花园 希尔顿花园酒店 hiltongarden
希尔顿惠庭 惠庭 home2suites
希尔顿嘉悦里 嘉悦里
希尔顿 希尔顿酒店 希尔顿度假酒店 希尔顿大酒店 hilton
柏悦 柏悦酒店 parkhyatt
君悦 君悦酒店 君悦大酒店 grandhyatt
凯悦嘉轩 嘉轩 hyattplace
凯悦嘉寓 嘉寓 hyatthouse
凯悦臻选
凯悦 凯悦酒店 hyattregency
安达仕 安达仕酒店 andaz
香格里拉 香格里拉大酒店 香格里拉酒店 shangrila
嘉里 嘉里大酒店
盛贸 盛贸饭店 traders
凯宾斯基 凯宾斯基饭店 凯宾斯基酒店 kempinski
朗廷 朗廷酒店 langham
康得思 康得思酒店 cordis
雅诗阁 雅诗阁服务公寓 ascott
盛捷 盛捷服务公寓 somerset
馨乐庭 馨乐庭服务公寓 citadines
温德姆至尊
温德姆花园
温德姆 温德姆酒店 wyndham
华美达 华美达酒店 华美达广场酒店 ramada
戴斯 戴斯酒店 daysinn
豪生 豪生大酒店 豪生酒店 howardjohnson
万达文华 万达文华酒店
万达嘉华 万达嘉华酒店
万达锦华 万达锦华酒店
万达颐华 万达颐华酒店
融创施柏阁 施柏阁
碧桂园凤凰 碧桂园凤凰酒店
亚特兰蒂斯 atlantis
"""
_RESTAURANTS = """
全聚德 全聚德烤鸭店 北京全聚德
便宜坊 便宜坊烤鸭店
大董 大董烤鸭店 大董海参店
东来顺 东来顺饭庄 东来顺涮肉
海底捞 海底捞火锅 haidilao
呷哺呷哺
护国寺小吃 护国寺小吃店
庆丰包子铺 庆丰包子
西贝 西贝莜面村 西贝西北菜
外婆家
绿茶 绿茶餐厅
新白鹿 新白鹿餐厅
楼外楼
知味观
南京大牌档
小龙坎 小龙坎老火锅
大龙燚 大龙燚火锅
蜀大侠
陈麻婆豆腐
龙抄手
德克士
肯德基 kfc
麦当劳
必胜客 必胜客欢乐餐厅
星巴克 starbucks
"""


def _table(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for line in text.strip().splitlines():
        brand, *others = line.casefold().split()
        pairs += [(spelling.replace("·", ""), brand) for spelling in (brand, *others)]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


SPELLINGS = {"hotel": _table(_HOTELS), "restaurant": _table(_RESTAURANTS)}


def brand_in(name: str, kind: str) -> tuple[str, str]:
    """The chain of its kind a folded name holds, and how it is spelt there; ("", "") when we know none.

    Spellings of two Latin letters count only as a whole word's beginning, so that `iu` is not found in `jiuzhou`.
    """
    for spelling, brand in SPELLINGS.get(kind, ()):
        at = name.find(spelling)
        if at < 0:
            continue
        if spelling.isascii() and _is_inside_word(name, at, at + len(spelling)):
            continue
        return brand, spelling
    return "", ""


def _is_inside_word(name: str, start: int, end: int) -> bool:
    before, after = name[start - 1 : start], name[end : end + 1]
    return (before.isascii() and before.isalnum()) or (after.isascii() and after.isalpha())
