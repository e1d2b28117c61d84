"""Sentences in suppliers' texts that speak to a machine: they are taken out, so that no description gives orders to an answering
model, and the row says so. What describes a place never addresses its reader as an assistant."""

import re

_ORDERS = re.compile(
    r"""
    (忽略|无视|忘记|忘掉|不要理会|跳过).{0,12}(以上|上面|之前|前面|此前|先前|所有|全部|系统|一切).{0,12}(指令|指示|提示|要求|内容|规则|设定|对话|说明)
    |(你|您)(现在|从现在起|接下来)?(是|将是|扮演|充当).{0,8}(助手|助理|机器人|模型|AI|人工智能|管理员|开发者)
    |作为(一个|一名)?(AI|人工智能|语言模型|助手|客服机器人)
    |(系统|开发者)(提示|指令|消息)\s*[:：]
    |(请|务必|必须|应当)?(告诉|回复|回答|输出|发送|转告)(所有)?(用户|客户|顾客|游客|对方).{0,20}(退款|免费|打折|链接|点击|转账|密码|验证码|最低价)
    |(泄露|输出|显示|打印|复述).{0,10}(提示词|系统提示|密钥|口令|上述指令)
    |ignore\s+(all\s+|any\s+)?(the\s+)?(previous|prior|above|earlier)\s+(instruction|prompt|message|rule)s?
    |disregard\s+(all\s+|any\s+)?(the\s+)?(previous|prior|above|earlier)
    |(you\s+are|act\s+as)\s+(now\s+)?(an?\s+)?(ai|assistant|chatbot|language\s+model|administrator|developer)
    |(reveal|print|repeat|show)\s+(your|the)\s+(system\s+)?(prompt|instructions?)
    |^\s*(system|assistant|developer)\s*[:：]
    |<\|?(im_start|im_end|system|endoftext)\|?>|\[/?(INST|SYSTEM)\]
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_END = re.compile(r"(?<=[。！？!?;；\n])|(?<=[A-Za-z\])]\.)(?=\s)")


def without_orders(text: str) -> tuple[str, str]:
    """The text without the sentences that give orders, and what was taken out ("" when nothing was)."""
    if not _ORDERS.search(text):
        return text, ""
    kept: list[str] = []
    gone: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        (gone if sentence and _ORDERS.search(sentence) else kept).append(sentence)
    if not gone:  # the order runs over several sentences: nothing of it can be trusted
        return "", text.strip()
    return "".join(kept).strip(), " ".join(part.strip() for part in gone)
