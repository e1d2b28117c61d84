"""What can go wrong at a gateway, in the two shapes a caller needs: a failed call, and a call to us that we refuse."""

from gateways.errcodes import Blame, Rule, rule_for

OUR_LIMIT = "our-limit"
CIRCUIT_OPEN = "circuit-open"
TIMEOUT = "timeout"
UNREACHABLE = "unreachable"
BAD_ANSWER = "bad-answer"


class GatewayError(Exception):
    """A call to an outside system failed. The text never holds a token, a body or personal data.

    `retryable`: trying the same call again later can succeed. A permanent one fails its job at once.
    `ambiguous`: the vendor may have done what we asked (the answer was lost). Ask mode turns this into `unknown`
    and settles it by a query; an error that is not ambiguous had no effect at the vendor.
    `retry_in_seconds`: set when a quota must pass first; the job is parked, and no attempt is counted.
    `wait_seconds`: a hint for callers that wait for a state at the vendor (a friendship, a dispatch).
    `errcode` is the vendor's code, or one of this module's words. `user_text` is for people, translated when shown.
    """

    def __init__(
        self,
        vendor: str,
        api: str,
        errcode: str | int,
        *,
        rule: Rule | None = None,
        ambiguous: bool = False,
        retry_in_seconds: float | None = None,
        request_id: str = "",
        help_url: str = "",
    ) -> None:
        self.rule = rule or rule_for(vendor, errcode)
        self.vendor, self.api, self.errcode = vendor, api, str(errcode)
        self.ambiguous = ambiguous
        self.retry_in_seconds = retry_in_seconds
        self.request_id, self.help_url = request_id, help_url
        super().__init__(f"{vendor} {api}: {self.errcode}")

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.rule.retryable

    @property
    def wait_seconds(self) -> float:
        """How long the state we wait for usually takes; 0 when nothing is waited for."""
        return self.rule.wait_seconds

    @property
    def blame(self) -> Blame:
        """Who can put it right: us, staff, the customer, the quota or the vendor."""
        return self.rule.blame

    @property
    def user_text(self) -> str:
        """One translated sentence that says what happened or what to do."""
        return str(self.rule.text)


class LlmUnavailable(GatewayError):
    """No usable answer from the language model: take the deterministic path now. Never worth a retry of its own."""

    @property
    def retryable(self) -> bool:
        return False


class CallbackRefused(Exception):
    """A callback that did not come from the vendor, came twice, came too late, or is not what was agreed.

    `reason` is a short word for logs and counters; the caller answers 403 and says nothing more.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source} callback refused: {reason}")
        self.source, self.reason = source, reason
