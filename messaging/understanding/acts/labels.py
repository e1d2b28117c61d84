"""The labels of values in a sentence, and how a value is written once found."""

from messaging.understanding.acts.features import MASK_BASE

# intent+domain+slot of every act whose value stands in the sentence. The order is part of the trained model.
SPAN_LABELS = (
    "Inform+景点+名称",
    "Inform+景点+游玩时间",
    "Inform+景点+评分",
    "Inform+景点+门票",
    "Inform+酒店+名称",
    "Inform+酒店+价格",
    "Inform+酒店+评分",
    "Inform+酒店+酒店类型",
    "Inform+酒店+酒店设施",
    "Request+酒店+酒店设施",
    "Inform+餐馆+名称",
    "Inform+餐馆+人均消费",
    "Inform+餐馆+评分",
    "Inform+餐馆+推荐菜",
    "Inform+出租+出发地",
    "Inform+出租+目的地",
    "Inform+地铁+出发地",
    "Inform+地铁+目的地",
)
# Of what kind of place a rating is asked stands anywhere in the sentence: the labels of characters cannot tell it, so a
# rating is masked alike for all and the sentence model says which.
RATINGS = ("Inform+景点+评分", "Inform+酒店+评分", "Inform+餐馆+评分")
_INDEX = {label: index for index, label in enumerate(SPAN_LABELS)} | dict.fromkeys(RATINGS, SPAN_LABELS.index(RATINGS[0]))


def mask_of(label: str) -> str:
    """The private-use character that stands for a value of this label."""
    return chr(MASK_BASE + _INDEX[label])
