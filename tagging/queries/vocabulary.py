"""The agency's own words, for reading sentences: themes, places, tags and segments by name."""

from collections.abc import Iterable

from django.db import connection
from django.utils.translation import override

from catalog.models import Destination
from customers.choices import Lifecycle, RfmSegment
from customers.models import Customer
from tagging.models import Segment, Tag
from tagging.sentence import Words

MOST = 500
# Cities people name although no customer is from there yet.
_CITIES = (
    "北京 上海 广州 深圳 杭州 宁波 温州 绍兴 嘉兴 金华 苏州 南京 无锡 常州 合肥 武汉 长沙 南昌 福州 厦门 泉州 成都 重庆 西安 郑州"
    " 济南 青岛 天津 沈阳 大连 哈尔滨 长春 昆明 贵阳 南宁 海口 佛山 东莞"
)


def vocabulary() -> Words:
    """Six queries, whatever the size of the agency."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT theme FROM catalog_product, unnest(themes) AS theme GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 99")
        themes = [row[0] for row in cursor.fetchall()]
    return Words(
        themes=themes,
        destinations=_destinations(),
        cities=_names(Customer.objects.exclude(city="").values_list("city", flat=True).distinct()[:MOST], _CITIES.split()),
        sources=_names(Customer.objects.exclude(source="").values_list("source", flat=True).distinct()[:MOST], ()),
        tags={name: pk for pk, name in Tag.objects.filter(is_archived=False).values_list("pk", "name")},
        segments={name: pk for pk, name in Segment.objects.values_list("pk", "name")},
        stages=_labels(Lifecycle),
        values=_labels(RfmSegment),
    )


def _destinations() -> dict[str, str]:
    """A destination by its name, and by the cities in it."""
    found: dict[str, str] = {}
    for code, name, cities in Destination.objects.values_list("code", "name", "cities")[:MOST]:
        found |= dict.fromkeys(cities, code)
        found[name] = code
    return found


def _names(known: Iterable[str], more: Iterable[str]) -> list[str]:
    return sorted({*known, *more})


def _labels(choices: type[Lifecycle] | type[RfmSegment]) -> dict[str, str]:
    """The Chinese words of a list, whatever language the page has: sentences are Chinese."""
    with override("zh-hans"):
        return {str(label): value for value, label in choices.choices}
