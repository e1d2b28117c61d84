"""What leaves the house for a language model holds no number and no name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateways.redaction import redact_personal_data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("打我电话13812345678谢谢", "打我电话[电话]谢谢"),
        ("+86 138-1234-5678", "[电话]"),
        ("１３８１２３４５６７８", "[电话]"),
        ("座机0571-87654321", "座机[电话]"),
        ("身份证33010219900307123X,两位", "身份证[证件号],两位"),
        ("卡号6222 0212 3456 7890 123", "卡号[银行卡]"),
        ("护照E12345678和EA1234567", "护照[证件号]和[证件号]"),
        ("发到 zhang.san+a@example.com.cn 吧", "发到 [邮箱] 吧"),
        ("微信号:zhangsan_88", "微信号:[微信号]"),
        ("我叫王小明,想去云南", "我叫[姓名],想去云南"),
        ("联系人:李雷", "联系人:[姓名]"),
        ("订单金额12800元,2026-12-01出发,6天5晚,2大1小", "订单金额12800元,2026-12-01出发,6天5晚,2大1小"),
        ("团号20261201001,全程1288公里", "团号20261201001,全程1288公里"),
    ],
)
def test_numbers_and_names_become_placeholders(text: str, expected: str) -> None:
    assert redact_personal_data(text) == expected


def test_names_the_caller_knows() -> None:
    text = "请转告欧阳雪,欧阳和雪都别忘了护照"
    assert redact_personal_data(text, ["欧阳", "欧阳雪", "雪", ""]) == "请转告[姓名],[姓名]和雪都别忘了护照"


@settings(deadline=None)  # the machine may be busy
@given(
    st.text(alphabet=st.sampled_from("甲乙,。 abc\n"), max_size=40),
    st.from_regex(r"\A1[3-9][0-9]{9}\Z"),
    st.text(alphabet="甲乙,。 \n", max_size=40),
)
def test_no_phone_survives_wherever_it_stands(before: str, phone: str, after: str) -> None:
    assert phone not in redact_personal_data(before + phone + after)
