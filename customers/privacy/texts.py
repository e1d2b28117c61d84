"""The words customers read until the agency publishes its own: honest, short, and complete enough to begin with."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Text:
    """One text as customers and staff see it; `version` is what a consent remembers."""

    kind: str
    version: str
    title: str
    body: str
    is_built_in: bool = False
    needs_consent_again: bool = False


FIRST_VERSION = "1"

_BODIES = {
    "service": (
        "隐私政策",
        "我们是您委托的旅行社。为了给您报价、下单、出票和在途服务，我们会收集您的微信标识、手机号、出行人姓名和行程偏好，"
        "以及您在小程序里的浏览和咨询记录。\n\n"
        "这些信息只用于您看到的用途；需要交给酒店、地接社、保险或签证机构时，我们会登记交给了谁、为什么、交了哪些项目，您随时可以查看。\n\n"
        "您可以在“我的—隐私”里查看和复制自己的信息、更正、撤回同意、关闭个性化推荐或注销。依照《电子商务法》第三十一条，"
        "交易记录自交易完成之日起保存三年，期间与您的身份脱钩，到期自动删除。",
    ),
    "marketing": (
        "优惠与活动通知",
        "同意后，我们会通过企业微信、小程序通知或短信告诉您出行优惠和新线路，每周不超过两次，夜间不打扰。您随时可以退订，退订当即生效。",
    ),
    "profiling": (
        "个性化推荐",
        "我们会根据您的浏览、咨询和订单推荐更合适的行程。关闭后，您看到的内容不再依据个人特征，价格与服务不受任何影响。",
    ),
    "document": (
        "证件信息单独同意",
        "身份证、护照等证件号码属于敏感个人信息，仅用于为出行人出票、投保、办理签证和入住登记。号码加密保存，"
        "工作人员每次查看都要写明原因并留下记录；您可以随时删除。",
    ),
    "cross_border": (
        "向境外提供个人信息单独同意",
        "预订境外机票、酒店或办理签证时，我们需要把出行人姓名、证件号码和联系方式提供给境外的航空公司、酒店或使领馆，仅限履行本次行程所必需。",
    ),
    "guardian": (
        "未满十四周岁儿童的监护人同意",
        "孩子未满十四周岁。请确认您是孩子的父母或其他监护人，已了解我们为什么需要孩子的证件信息，并同意我们按《证件信息单独同意》处理。",
    ),
}

BUILT_IN = {kind: Text(kind, FIRST_VERSION, title, body, is_built_in=True) for kind, (title, body) in _BODIES.items()}
