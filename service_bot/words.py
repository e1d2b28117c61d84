"""What the assistant says of itself at the turns of a talk: fixed words, sent by code. No answer stands here."""

from service_bot.rules.moves import Feeling

HELLO = "您好，我是智能助手，签证、行李、退改、价格和团期都可以直接问我；需要人工请发送“人工”。"
THANKS = "不客气，随时为您服务。"
MENU = "您想问的是下面哪一个？"
TO_PERSON = ("person:0", "都不是，转人工")
NO_WORDS = "暂时看不懂图片和表情，您能用一句话说说想了解什么吗？"
WHICH_TRIP = "想去哪里、大概几天、几位出行、什么时候出发？告诉我其中一两样就可以为您挑。"
NOTHING_FITS = "按您说的条件目前没有可售的线路，正在请顾问为您看看。"
PLANNING = "需求都记下了，正在为您做初步方案，稍后由顾问发给您。"
OFFER = "按您说的，推荐这条线路："
CLOSING = "本次服务已结束，感谢您的咨询。有需要随时发消息。"
RATE = "请为这次服务打分：回复 1–5 的数字即可。"
RATED = "感谢您的评价，我们会继续努力。"
HANDED = "正在为您转接人工客服，请稍候。"
AFTER_HOURS = "人工客服的服务时间是 9:00–21:00，您的问题已经记下，上班后第一时间回复您；紧急情况请拨打导游或应急电话。"
SORRY = "非常抱歉给您带来不好的体验，已为您优先转接人工客服，马上有同事来处理。"
VERY_SORRY = "非常抱歉！您反映的情况我们非常重视，已转接人工客服并同步主管，马上有同事来处理。"
TAKEN = "您好，我是%s，由我来为您服务。"
BACK = "接下来由智能助手继续为您服务，需要人工请随时发送“人工”。"
THANKFUL = ("谢", "再见", "拜拜", "好的", "ok", "收到", "嗯", "哦")


def greeting(text: str) -> str:
    """The answer to a hello, or to thanks."""
    return THANKS if any(word in text.lower() for word in THANKFUL) else HELLO


def handing_over(feeling: Feeling, is_open: bool) -> str:
    """What a customer reads when the talk goes to people."""
    sorry = {2: SORRY, 3: VERY_SORRY}.get(feeling.level, "")
    if is_open:
        return sorry or HANDED
    return f"{sorry}{AFTER_HOURS}"
