"""One table: vendor error code -> may it be tried again, who can put it right, what a person is told.

Codes decide, never messages: WeCom's `errmsg` changes from call to call. WeCom and the mini-program share one number
space. Sources: developer.work.weixin.qq.com/document/path/90313, developers.weixin.qq.com/miniprogram (per API),
pay.weixin.qq.com/doc/v3 (per API), Aliyun SendSms error codes.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DAY = 86_400.0


class RetryClass(enum.StrEnum):
    """What to do after a failure."""

    RETRY = "R"  # try again with back-off
    TOKEN = "T"  # refresh the access token and try once more, at once  # noqa: S105
    WAIT = "W"  # wait for a state at the vendor, then try again
    NEVER = "N"  # show it to a person
    QUOTA = "Q"  # park until the quota is reset


class Blame(enum.StrEnum):
    """Who can put it right."""

    US = "us"
    STAFF = "staff"
    CUSTOMER = "customer"
    QUOTA = "quota"
    VENDOR = "vendor"


@dataclass(frozen=True)
class Rule:
    """How one error code is treated. `after_refresh`: what holds when a fresh token did not help either."""

    retry: RetryClass
    blame: Blame
    text: str | Promise
    wait_seconds: float = 0.0
    after_refresh: RetryClass = RetryClass.NEVER

    @property
    def retryable(self) -> bool:
        """Whether the same call, made later, can succeed; a TOKEN rule is asked after its one refresh."""
        final = self.after_refresh if self.retry is RetryClass.TOKEN else self.retry
        return final in {RetryClass.RETRY, RetryClass.WAIT, RetryClass.QUOTA}


R, T, W, N, Q = RetryClass.RETRY, RetryClass.TOKEN, RetryClass.WAIT, RetryClass.NEVER, RetryClass.QUOTA
US, STAFF, CUSTOMER, QUOTA, VENDOR = Blame.US, Blame.STAFF, Blame.CUSTOMER, Blame.QUOTA, Blame.VENDOR

_NOT_FRIEND = _("No longer a friend of this member of staff.")
_KF_WINDOW = _("More than 48 hours have passed or five messages were sent; wait for the customer's next message.")
_PERMISSION = _("Tick our app under “Apps that may call the API” in the WeCom admin console.")
_CONTACT_WAY = _("WeCom refused the contact code; check its members and settings.")
_PARAMETER = _("The platform refused a value that we sent.")
_ARCHIVE = _("The message archive refused the request; check its key and permissions.")
_MINI_CODE = _("The log-in code is used up; please open the mini-program again.")
_TOKEN = _("The platform asked for a new access token.")
_SMS_SETUP = _("The SMS signature or template is not approved.")
_PAY_SETUP = _("The merchant account is not set up for this payment.")
_PAY_STATE = _("The payment's state does not allow this.")

_Row = tuple[tuple[int | str, ...], Rule]

_WECHAT: tuple[_Row, ...] = (
    ((-1,), Rule(R, VENDOR, _("The platform is busy; the system will try again by itself."))),
    ((6000,), Rule(R, VENDOR, _("Somebody changed the same data at the same time; the system will try again by itself."))),
    ((40001,), Rule(T, STAFF, _("The app's secret is wrong or was reset."))),
    ((40014, 41001, 42001), Rule(T, US, _TOKEN, after_refresh=R)),
    ((40003, 40031, 40032, 60111), Rule(N, STAFF, _("The member does not exist."))),
    ((40007,), Rule(N, US, _("The picture or file has expired; it will be uploaded again."))),
    ((40013, 40056, 40125, 41002, 41004), Rule(N, STAFF, _("The app id or secret is missing or wrong."))),
    ((40029, 40163, 41008, 42022), Rule(N, CUSTOMER, _MINI_CODE)),
    ((40033,), Rule(N, US, _("The text holds characters the platform does not take."))),
    ((40037,), Rule(N, STAFF, _("The message template does not exist."))),
    ((40050,), Rule(N, STAFF, _("The group chat does not exist any more."))),
    ((40054, 40058, 40063, 40066, 40129, 40169, 43001, 43002, 44001, 44002, 47001, 85401), Rule(N, US, _PARAMETER)),
    ((40068, 40071), Rule(N, STAFF, _("The tag exists already or was deleted; tags will be read again."))),
    ((40093,), Rule(N, US, _("The page's signature was refused; please open it again."))),
    ((40096, 84061), Rule(W, CUSTOMER, _NOT_FRIEND, wait_seconds=5)),
    ((40097, 40098), Rule(N, STAFF, _("The customer cannot be handed over by this member."))),
    (
        (40099, 40100),
        Rule(W, STAFF, _("The customer is being handed over, or the member has too many customers."), wait_seconds=DAY),
    ),
    ((40226,), Rule(N, CUSTOMER, _("WeChat has blocked this account for security reasons."))),
    (tuple(range(41035, 41046)), Rule(N, STAFF, _CONTACT_WAY)),
    ((41030,), Rule(N, US, _("The mini-program has no such page, or was not published yet."))),
    ((41048,), Rule(N, STAFF, _("There is no customer to send to."))),
    ((41049, 41050), Rule(N, VENDOR, _("The 20 seconds for a welcome message are over."))),
    ((41051, 41096), Rule(N, STAFF, _("Somebody is already chatting, or another app sends the welcome message."))),
    ((41053,), Rule(N, CUSTOMER, _("The customer has not agreed to the message archive."))),
    ((41054,), Rule(N, STAFF, _("The member has not activated the account."))),
    ((41063,), Rule(W, VENDOR, _("The mass send is being dispatched."), wait_seconds=60)),
    ((41064,), Rule(N, US, _("Too many attachments; nine are allowed."))),
    ((41078, 41079), Rule(W, VENDOR, _("Other Moments tasks are still running."), wait_seconds=60)),
    ((41093,), Rule(N, STAFF, _("The task was cancelled already."))),
    ((41094,), Rule(N, QUOTA, _("Staff were reminded often enough today."))),
    ((41095,), Rule(N, QUOTA, _("The limit of acquisition links is reached."))),
    ((43101,), Rule(N, CUSTOMER, _("The customer has not accepted another message of this kind."))),
    ((45001, 45002), Rule(N, US, _("The file or text is too large."))),
    ((45009,), Rule(Q, QUOTA, _("The platform's call limit is reached; sending goes on by itself."))),
    ((45011,), Rule(R, QUOTA, _("Too many attempts in one minute; please wait a moment."), wait_seconds=60)),
    ((45033,), Rule(R, QUOTA, _("Too many calls at the same time; the system will try again by itself."))),
    ((47003,), Rule(N, US, _("A field of the message does not fit its template."))),
    ((48001, 48002, 48007), Rule(N, STAFF, _PERMISSION)),
    ((50001,), Rule(N, STAFF, _("The page's domain is not registered in the WeCom admin console."))),
    ((60011, 84074, 84083, 84084), Rule(N, STAFF, _("Our app may not see this member; widen its visible range."))),
    ((60020,), Rule(N, STAFF, _("This server's IP address is not trusted yet; add it in the WeCom admin console."))),
    ((61010,), Rule(N, CUSTOMER, _("The customer has not used the mini-program in the last two hours."))),
    ((81013,), Rule(N, STAFF, _("Nobody of the receivers can be reached by the app."))),
    ((90206, 90207, 90208), Rule(N, STAFF, _("The mini-program is not linked to WeCom."))),
    ((95001, 95002), Rule(N, CUSTOMER, _KF_WINDOW)),
    ((95000, 95003, 95004, 95007), Rule(N, US, _("The customer-service account or its token is not valid."))),
    ((95008,), Rule(N, US, _("A menu has at most ten entries."))),
    ((95011, 95012, 95014, 95019), Rule(N, STAFF, _("The servicer is not available."))),
    ((95013,), Rule(N, CUSTOMER, _("The conversation has ended."))),
    ((95016, 95018), Rule(N, US, _("The conversation's state does not allow this; it will be read again."))),
    ((95031,), Rule(N, CUSTOMER, _("The customer has not asked anything in the last 48 hours."))),
    ((301002,), Rule(N, STAFF, _("Only the app that made this tag may change it."))),
    ((301042, 301048, 301052, 301053, 301058, 301060), Rule(N, STAFF, _ARCHIVE)),
)
_PAY: tuple[_Row, ...] = (
    (("SYSTEM_ERROR", "BANK_ERROR"), Rule(R, VENDOR, _("WeChat Pay is busy; the system will try again by itself."))),
    (
        ("FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEEDED"),
        Rule(Q, QUOTA, _("WeChat Pay's call limit is reached."), wait_seconds=60),
    ),
    (("ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"), Rule(N, US, _("WeChat Pay does not know this payment."))),
    (("ORDER_CLOSED", "ORDERCLOSED"), Rule(N, CUSTOMER, _("The payment was closed; please place the order again."))),
    (
        ("ORDER_PAID", "ORDERPAID", "ORDERREVERSED", "TRADE_ERROR", "TRADE_STATE_ERROR", "USERPAYING"),
        Rule(N, CUSTOMER, _PAY_STATE),
    ),
    (("OUT_TRADE_NO_USED", "INVALID_REQUEST", "PARAM_ERROR", "REQUEST_BLOCKED"), Rule(N, US, _PARAMETER)),
    (("SIGN_ERROR", "bad-signature"), Rule(N, STAFF, _("The signature was refused; check the merchant's keys."))),
    (("APPID_MCHID_NOT_MATCH", "MCH_NOT_EXISTS", "NO_AUTH", "ACCOUNT_ERROR", "ACCOUNTERROR"), Rule(N, STAFF, _PAY_SETUP)),
    (("OPENID_MISMATCH",), Rule(N, CUSTOMER, _("The payer is not a user of this mini-program."))),
    (("NOT_ENOUGH", "NOTENOUGH"), Rule(W, STAFF, _("The merchant's balance is too low for this refund."), wait_seconds=3600)),
    (("RULE_LIMIT", "RULELIMIT"), Rule(N, CUSTOMER, _("A rule of WeChat Pay does not allow this payment."))),
    (("STATEMENT_CREATING",), Rule(W, VENDOR, _("WeChat Pay is still making this day's bill."), wait_seconds=1800)),
    (("NO_STATEMENT_EXIST",), Rule(N, US, _("WeChat Pay has no bill for this day."))),
    (("USER_ACCOUNT_ABNORMAL",), Rule(N, CUSTOMER, _("The customer's WeChat Pay account cannot take the refund."))),
)
_SMS: tuple[_Row, ...] = (
    (
        ("isv.BUSINESS_LIMIT_CONTROL",),
        Rule(Q, QUOTA, _("Too many text messages to this number; please wait."), wait_seconds=3600),
    ),
    (("isv.DAY_LIMIT_CONTROL",), Rule(Q, QUOTA, _("Today's limit of text messages is reached."), wait_seconds=DAY)),
    (
        (
            "isv.SMS_SIGNATURE_ILLEGAL",
            "isv.SMS_TEMPLATE_ILLEGAL",
            "isv.INVALID_JSON_PARAM",
            "isv.TEMPLATE_MISSING_PARAMETERS",
            "isv.INVALID_PARAMETERS",
        ),
        Rule(N, STAFF, _SMS_SETUP),
    ),
    (("isv.MOBILE_NUMBER_ILLEGAL",), Rule(N, CUSTOMER, _("The phone number is not valid."))),
    (("isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE"), Rule(N, STAFF, _("The SMS account is out of credit or suspended."))),
    (
        ("isp.SYSTEM_ERROR", "ServiceUnavailable", "InternalError"),
        Rule(R, VENDOR, _("The SMS service is busy; the system will try again by itself.")),
    ),
    (
        ("SignatureDoesNotMatch", "InvalidAccessKeyId.NotFound", "isp.RAM_PERMISSION_DENY", "isv.RAM_PERMISSION_DENY"),
        Rule(N, STAFF, _("The SMS access key is wrong.")),
    ),
    (
        ("Throttling", "Throttling.User"),
        Rule(R, QUOTA, _("Too many calls at the same time; the system will try again by itself.")),
    ),
)
_OCTO: tuple[_Row, ...] = (
    (("UNPROCESSABLE_ENTITY",), Rule(N, VENDOR, _("The supplier has not enough left on this day, or the hold is over."))),
    (
        ("INVALID_PRODUCT_ID", "INVALID_OPTION_ID", "INVALID_UNIT_ID", "INVALID_AVAILABILITY_ID"),
        Rule(N, US, _("The supplier no longer sells this; read its list again.")),
    ),
    (("INVALID_BOOKING_UUID",), Rule(N, US, _("The supplier does not know this booking."))),
    (("BAD_REQUEST",), Rule(N, US, _PARAMETER)),
    (("UNAUTHORIZED", "FORBIDDEN"), Rule(N, STAFF, _("The supplier refused our key; enter a new one."))),
    (("INTERNAL_SERVER_ERROR",), Rule(R, VENDOR, _("The supplier's system has a failure; the system will try again by itself."))),
)
_OURS: tuple[_Row, ...] = (
    (("our-limit",), Rule(Q, QUOTA, _("Our own call limit protects the platform's quota; sending goes on by itself."))),
    (("circuit-open",), Rule(Q, VENDOR, _("The platform does not answer at the moment; the system will try again by itself."))),
    (("timeout",), Rule(R, VENDOR, _("The platform did not answer in time; the system will try again by itself."))),
    (("unreachable",), Rule(R, VENDOR, _("The platform cannot be reached; the system will try again by itself."))),
    (("bad-answer",), Rule(R, VENDOR, _("The platform's answer was not understood; the system will try again by itself."))),
    (("not-configured",), Rule(N, STAFF, _("This channel is not set up yet; enter its settings first."))),
    (("llm-off",), Rule(N, STAFF, _("No language model is configured."))),
    (("llm-no-answer",), Rule(N, VENDOR, _("The language model gave no usable answer."))),
)

_FAMILY = {"wecom": _WECHAT, "mini": _WECHAT, "official": _WECHAT, "pay": _PAY, "sms": _SMS, "octo": _OCTO}
UNKNOWN = Rule(N, VENDOR, _("The platform refused the call with a code we do not know."))
UNKNOWN_FAILURE = Rule(R, VENDOR, _("The platform has a failure; the system will try again by itself."))


def _index(*tables: tuple[_Row, ...]) -> dict[str, Rule]:
    return {str(code): rule for table in tables for codes, rule in table for code in codes}


_RULES = {vendor: _index(_OURS, table) for vendor, table in _FAMILY.items()} | {"llm": _index(_OURS)}


def rule_for(vendor: str, errcode: str | int) -> Rule:
    """The rule of a vendor's code. HTTP failures come as `http-500`: 5xx and 429 are tried again, others never."""
    code = str(errcode)
    if found := _RULES.get(vendor, {}).get(code):
        return found
    return UNKNOWN_FAILURE if code == "http-429" or code.startswith("http-5") else UNKNOWN


def all_rules() -> Iterator[tuple[str, str, Rule]]:
    """Every row of the table, as (vendor, code, rule)."""
    for vendor, rules in _RULES.items():
        for code, rule in rules.items():
            yield vendor, code, rule
