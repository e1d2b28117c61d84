"""When a campaign may go out, and who must have agreed."""

from campaigns.choices import CampaignState

EDITABLE = frozenset({CampaignState.DRAFT, CampaignState.IN_REVIEW})
RUNNING = frozenset({CampaignState.LAUNCHING, CampaignState.AWAITING_STAFF})
CANCELLABLE = frozenset({CampaignState.SCHEDULED, CampaignState.LAUNCHING, CampaignState.AWAITING_STAFF, CampaignState.PAUSED})
PAUSABLE = frozenset({CampaignState.SCHEDULED, CampaignState.LAUNCHING})
OVER = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED})


def needs_approval(reach: int, limit: int, *, is_approved: bool) -> bool:
    """Whether a second person must still agree: more people than the agency's limit, and nobody has."""
    return reach > limit and not is_approved


def may_approve(user_id: int, created_by: int) -> bool:
    """Four eyes: nobody approves what they wrote."""
    return user_id != created_by


def next_state(state: str, *, waiting: int, open_tasks: int) -> CampaignState:
    """Where a running campaign stands, from its tasks: `waiting` are not at the platform yet, `open_tasks` have no result yet."""
    if open_tasks == 0:
        return CampaignState.FINISHED
    if waiting == 0:
        return CampaignState.AWAITING_STAFF
    return CampaignState(state)
