"""The nightly proof that the ledger adds up."""

import logging

from core import clock
from core.choices import Lane
from core.jobs import job
from membership.models import Account, Proof, Transfer
from membership.queries.points import disagreeing, one_sided, outstanding
from membership.rules.points import disagreements

logger = logging.getLogger(__name__)
SHOWN = 200


@job(Lane.BULK, coalesce=True)
def prove_ledger() -> None:
    """Every account's balance is what its transfers and its lots add up to, what is held is what is pending, every transfer has
    two sides. What does not agree is kept and logged loudly; nothing is repaired by itself."""
    findings = [*disagreements(disagreeing()), *one_sided()]
    Proof.objects.update_or_create(
        day=clock.today(),
        defaults={
            "at": clock.now(), "accounts": Account.objects.count(), "transfers": Transfer.objects.count(),
            "outstanding": outstanding(), "findings": findings[:SHOWN],
        },
    )  # fmt: skip
    if findings:
        logger.error("the points ledger does not add up: %s findings, first: %s", len(findings), findings[0])
