"""Reads over the friendships of staff and customers."""

from customers.choices import RelationState
from customers.models import Relationship


def friends_of(external_userid: str) -> set[str]:
    """The userids of the members who are friends of a contact, as far as we know."""
    active = Relationship.objects.filter(external_userid=external_userid, state=RelationState.ACTIVE)
    return {str(userid) for userid in active.values_list("user__wecom_userid", flat=True) if userid}
