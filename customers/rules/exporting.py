"""How much may leave the house by one person's hand in a day, and which columns an export has."""

from django.utils.translation import gettext_lazy as _

MASKED_A_DAY, PLAIN_A_DAY = 200_000, 2_000  # people
HEADINGS = (
    _("Full name"), _("Nickname"), _("Phone"), _("Gender"), _("Birthday"), _("City"), _("Lifecycle"), _("Tags"), _("Owner"),
    _("Source"), _("Paid in 12 months"), _("Last active"), _("Last touch"), _("Known since"), _("Remark"),
)  # fmt: skip


def may_take(people: int, taken_today: int, *, plain: bool) -> bool:
    """Whether another export of that many people stays within the day's measure."""
    return people + taken_today <= (PLAIN_A_DAY if plain else MASKED_A_DAY)
