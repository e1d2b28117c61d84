"""Fixed development identities of the simulated platforms.

Nothing here is a secret: the application process and the simulator process must agree on keys before either
has spoken to the other, so both read them from this module. ``settings.py`` imports it only in simulator mode.
None of these values is accepted by a real WeCom, WeChat or WeChat Pay server.
"""

import os
from typing import Final

SIMULATOR_PORT: Final = 8801
SIMULATOR_URL: Final = (os.environ.get("SCRM_SIM_URL", "").strip() or f"http://127.0.0.1:{SIMULATOR_PORT}").rstrip("/")

MERCHANT_PRIVATE_KEY: Final = """\
-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC/T8a3E+gdqrGL
Stwah7qaBM3w72FIrd2lVJnHyFNvXNLJiAV0s8q/vFza5ldYlhRG2E4qR7QuEHFW
Otd6r8ziBgtvl9gWLG2kkM5Y+2m+/+spHGl+XrueOxUG0+i+nhn+4ZGqD6Ar+NA+
aDoi+Vgj0zgT0Xb4n1GiF1+AZmkyfTQ37SLwdVtmwpXzeRP01IRWMtOi0IX+GRQ9
FRJGq9ZNHZcuUowU84nvEb0jnvi1I22Q2VVsbtHczap/JHG77pOM3WLO+htVIIA9
u/TRGGpR/mZO1XE37CL8gZsUAAQhV7Yn09iaOcBkvbZv7NXcM4ilqtkfI8PGBCxY
ftyq6i6DAgMBAAECggEAOKzSirQMBJXnyQMhV360KiKYO/M+l8BiNDNu5z+ScCBI
lcmFDECjJNARlgu8/pJfaWl1JpNdbnQSj2AZK9Be2uq9go6yRkddJ+56IuRAPIQm
T2SKYBSCcmrAXOh0P9woiVibxYyhf8VTM9m+t1O059AQAdcA7sCL94ADG8+7BGiN
XesoFV4mxIP6bo9pnLdaOmKslz4ASmDMKrOIlzTXovroSWNE7PbZ6dj020nvicmQ
6VjoPNynZVEEVa0S1W291LE7pcLHTD0dNzL8P3vC4WIyLQixMrmkNufSIETeNJf7
AD8zfCw/d2DWjrO5UiYPBxJVelsF91U97rvok5FLkQKBgQDykQF3JaYqjgK4S8fh
SvMs4XN/NNrsZv5EQLkYIBflGWhNAXYb9bENKxciJ68ItEMqHl/A+9d3jwXAv/CJ
DrNEn2zibRPeTG/fk/ucLR5wRkkOzZPSz7RVvv9VpW5hFpcBOTgiM17TSwbc6byz
uYMJ6QKkDa6Ksi5OY0jvw5QluwKBgQDJ6BqLz15VMNirNnSiQJfRqhWyQotXvGfm
5VquXOJOiFcCNDK778tRGTnfzAXyWqfsziGIBZ4CFC4vkbGPzG9BqC/6vuERoF9i
dkxVLgEKGp7QNB8wGnbRH3HvCcOyWDCXtagY7vYX61YRUaBNuqLfNwCSC2YpIZyZ
HaB5jI3p2QKBgQC2WucEIKy0L0DCNk5VA9ie8/q1NhIjSSZ8P0Anb/EmzZwI0EFv
sZxiLvPcPIMtAv+/SUhpN6t7eW00w9db4k5JF6Vu79vQ8hvktEai2ZSZiW1hEJHC
GV4UXFtuksjRen8Zb1/Q7leqdyv4pkuzvZJSv/a5SIPgRyXizmdFwP2+AwKBgQCz
roYpU/M8V0sLG1wypM83PGkwib3d54KD3iqUL38KqpTcFj3sOJu04YE6pCPKqVj2
Cf+XQIB8kx8DIGJneWSthpKkUEiV2iXoxyRpTZaJOmWJHkl/Ep4YvyYyt3rb9VXR
PU2KWubRJJMkuIKzidu2UAmG7vQMuKfXL6GHaklFCQKBgEF52jjkxMu0swd3z+QT
S8dH/gXdpTn9eqNb/QrPL/dT3/kGbuOV5Jqc9UwqBftClQdfQn90EIFxFIsQnBu1
mM86tIvwJ8SLU3fr/jBHIJT5tTTHsgKYB5dMkWxL3QKHje+AVsaRRv6cicVaw06X
g6M4TtX7oKhd0oaE4eCbXwg/
-----END PRIVATE KEY-----
"""

MERCHANT_PUBLIC_KEY: Final = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv0/GtxPoHaqxi0rcGoe6
mgTN8O9hSK3dpVSZx8hTb1zSyYgFdLPKv7xc2uZXWJYURthOKke0LhBxVjrXeq/M
4gYLb5fYFixtpJDOWPtpvv/rKRxpfl67njsVBtPovp4Z/uGRqg+gK/jQPmg6IvlY
I9M4E9F2+J9RohdfgGZpMn00N+0i8HVbZsKV83kT9NSEVjLTotCF/hkUPRUSRqvW
TR2XLlKMFPOJ7xG9I574tSNtkNlVbG7R3M2qfyRxu+6TjN1izvobVSCAPbv00Rhq
Uf5mTtVxN+wi/IGbFAAEIVe2J9PYmjnAZL22b+zV3DOIparZHyPDxgQsWH7cquou
gwIDAQAB
-----END PUBLIC KEY-----
"""

PLATFORM_PRIVATE_KEY: Final = """\
-----BEGIN PRIVATE KEY-----
MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDgTM1ojDt+uzCc
1UWPAw5g3IbeDyHTXFL8ly2bN2ylsX4eAm5aGYb/roCvWRD/RSlWqqsUSvlV0VVG
XPgxaf/OG+mdGnw6xswCsrnJyEJHDZ1MvMe1wWk4sjBoELFMHuQBsDwUz5rHfgMu
iwkgPE7GB0/bUtx2MCJw9PkwRbRz2VITknS7uMwjaGIVuOU9dyDirtmNQN0QY9Js
20u7f8h8qjZfYUW2ZzwhhgLXkdwe3JQyuvlhkkHvr/05nTV9Ku/r5KHA6ex+GZRw
FehW7TstSysljRe9Y5geMZnhb6bGdxyuEV4RSjf80zru81M3W0soGAYZGSg4Rf13
UFZEYID7AgMBAAECggEAXltAv93aO15gvWEkkVxeRJYQsEKaXrFEgdjRCS5AKNXp
cZNhO8roVQ/iN6GWumQsVzaVoIRHrnfQ0ThT+mmWgGySkpHtN8agVPQ9nup9IynR
hdIWi1nRO1YOcgCvrQ+DqEgshi6tdIWIriA0Fxj3pGu4BtItRxTJsE4Fs+5m0qKM
K4PDiNqQ9xLr+Imkrq9/ACfSbgFCWS3DdfFRltJCxgGwb1Rk8xa6phayEbpvFpvJ
WHes8J0XwAXrZJaxXe5s3515wszJgmykMnejEZ4n80j7dcuRopkBIz/tv4fJrVUU
O7mLVPs0NiH+nbOyRQVgu6eZGSFyQCfI7/yCf5aY9QKBgQD2EqDgh4TdGLJeMXhh
Z+rjiSacjX9rbuAcvLuhPo5gQjJauaAIbs2oLN5RoejNFwsETORfhAFXiIo6Yc3K
CS60f8twnZ7kCXEuq4MpAvsKvNkRgJ2cgRz3WLJ3SSmAGHXxAYzQSUQbrDgadkqs
lnUZwq6JcTob50RDY8tS4zcZhQKBgQDpWU+YbFMBUIyZ1ONMmHhPm8cIEWWFrw1I
wtTl2Fjw4xdAO9vIzQ0d5AMTQdkFSh5+cXAq4+v581vdVIZPTqPza9EMZsCxZEf9
CMhGJe3WmMO2wSPpzp7j7DjBOLTADvszB6mzUEfg/sPkn6fPkRpco5S0W6scLhLr
F7B3Jar4fwKBgQCiySIKRzya80qUS4/CiHd4PPQBHw5LKRczi5toiTSw8znSkPgQ
fBSrC7urLzwN6Q+Nsbxmf7JPkPE4vBjibf6qw9v2zR8e5iws3qOvDty6dsH29SnP
Lg7WhqPRi+HbbtMfM5JO/BkFYYHf559w2zvuZb8HB5OUgALFvg/07oE17QKBgQCP
j+LoY7ytkmDuQ4uUFDnwwGYzEIDlPk1t9nAE+JW/nfcwDaOqZn0rZpx9vIVIO9GG
+UOJH7COlqpuARKguEEmAa8bchwbBxdDFaQhhDRPUq0WQr1Vm0kl8K76MWkCwDTL
sGs3ZqzSP+tFPPSBP0R4uitCyyL6s13wRSLMKuCFAQKBgQDWhLkClvslPBujQ0lQ
eOQGGu30Js2JIqx1NAtgMbjRFVA9rt+zvrE7CqN2UbAlnT9U727wHCywlOEqIo4L
k7Sip7x2TuBdlJIijto6Nc++VZesMIxyNabkeZfTHTZ2uOclVAiRD1HGiGOeqrrK
xl3LXPNWwSipj68tyJ8wgqYfjw==
-----END PRIVATE KEY-----
"""

PLATFORM_PUBLIC_KEY: Final = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4EzNaIw7frswnNVFjwMO
YNyG3g8h01xS/JctmzdspbF+HgJuWhmG/66Ar1kQ/0UpVqqrFEr5VdFVRlz4MWn/
zhvpnRp8OsbMArK5ychCRw2dTLzHtcFpOLIwaBCxTB7kAbA8FM+ax34DLosJIDxO
xgdP21LcdjAicPT5MEW0c9lSE5J0u7jMI2hiFbjlPXcg4q7ZjUDdEGPSbNtLu3/I
fKo2X2FFtmc8IYYC15HcHtyUMrr5YZJB76/9OZ01fSrv6+ShwOnsfhmUcBXoVu07
LUsrJY0XvWOYHjGZ4W+mxnccrhFeEUo3/NM67vNTN1tLKBgGGRkoOEX9d1BWRGCA
+wIDAQAB
-----END PUBLIC KEY-----
"""

SIM_SETTINGS: Final[dict[str, str]] = {
    "SCRM_SIM_URL": SIMULATOR_URL,
    "WECOM_CORP_ID": "wwsim0shanhai00001",
    "WECOM_AGENT_ID": "1000002",
    "WECOM_SECRET": "sim-wecom-secret-0000000000000000000000000",
    "WECOM_CALLBACK_TOKEN": "SimCallbackToken2026",
    "WECOM_CALLBACK_AES_KEY": "oeBGhw9fp/KiEGjSJ8vjKmWaB1IPDFqeuT3pRyOhZuI",
    "MINI_APP_ID": "wx51m0000000000001",
    "MINI_APP_SECRET": "51m0000000000000000000000000beef",
    "OA_APP_ID": "wx51m0000000000oa1",
    "OA_APP_SECRET": "51m00000000000000000000000000fee",
    "PAY_MCH_ID": "1900000001",
    "PAY_SERIAL_NO": "51M0MERCHANT0000000000000000000000000001",
    "PAY_PRIVATE_KEY": MERCHANT_PRIVATE_KEY,
    "PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0119000000012026000000000001",
    "PAY_PUBLIC_KEY": PLATFORM_PUBLIC_KEY,
    "PAY_API_V3_KEY": "SimulatedApiV3Key000000000000001",
    "SMS_ACCESS_KEY_ID": "LTAI5tSimulator0000000001",
    "SMS_ACCESS_KEY_SECRET": "SimulatedAliyunSecret000000001",
    "SMS_SIGN_NAME": "山海旅行社",
    "SMS_TEMPLATE_CODE": "SMS_100000001",
    "SMS_CALLBACK_TOKEN": "sim-sms-callback-token",
    "DOUYIN_CLIENT_KEY": "sim-douyin-key",
    "DOUYIN_CLIENT_SECRET": "sim-douyin-secret-000000000001",
    "DOUYIN_ACCOUNT_ID": "7000000000000000001",
    "XHS_APP_ID": "sim-xhs-app",
    "XHS_APP_SECRET": "sim-xhs-secret-0000000000001",
    "ALIPAY_APP_ID": "2021000000000001",
    "ALIPAY_PRIVATE_KEY": MERCHANT_PRIVATE_KEY,
    "ALIPAY_PUBLIC_KEY": PLATFORM_PUBLIC_KEY,
    "OTA_FILES_URL": "https://files.ota.example/outbox",
    "OTA_FILES_TOKEN": "sim-ota-token",
    "SIM_PLATFORM_PRIVATE_KEY": PLATFORM_PRIVATE_KEY,
    "SIM_MERCHANT_PUBLIC_KEY": MERCHANT_PUBLIC_KEY,
    "OCTO_BASE_URL": "https://octo.example.com/octo/v1",
    "OCTO_TOKEN": "octo-sim-token-0001",
    "LLM_BASE_URL": f"{SIMULATOR_URL}/llm/v1",
    "LLM_API_KEY": "sk-simulator",
    "LLM_MODEL": "sim-scripted",
}

# The people of the simulated corp: userid, name, department, position, whether they serve customers.
SIM_MEMBERS: Final[tuple[tuple[str, str, str, str, bool], ...]] = (
    ("admin", "林岚", "总经办", "管理员", False),
    ("ops", "周文博", "运营部", "运营", True),
    ("sales1", "陈思雨", "顾问一组", "旅行顾问", True),
    ("sales2", "王子涵", "顾问一组", "旅行顾问", True),
    ("sales3", "李晓彤", "顾问二组", "旅行顾问", True),
    ("planner", "赵启明", "定制部", "定制师", True),
    ("service", "何佳", "客服部", "客服", True),
    ("finance", "孙丽", "财务部", "财务", False),
)
