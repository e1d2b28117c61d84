"""Points, coupons, tiers, tasks, the mall and member services."""

from membership.models.coupons import Coupon, CouponBatch, CouponTemplate, Offset, Redemption
from membership.models.points import Account, Adjustment, Debt, EarnRule, GrowthEntry, Lot, LotUse, Program, Proof, Transfer
from membership.models.services import MallItem, MallOrder, MemberService, ServiceBooking, ServiceSlot
from membership.models.tiers import (
    Benefit,
    BenefitUse,
    Invitation,
    Member,
    MemberTask,
    TaskDone,
    Tier,
    TierBenefit,
    TierChange,
    TierScheme,
)

__all__ = [
    "Account", "Adjustment", "Benefit", "BenefitUse", "Coupon", "CouponBatch", "CouponTemplate", "Debt", "EarnRule",
    "GrowthEntry", "Invitation", "Lot", "LotUse", "MallItem", "MallOrder", "Member", "MemberService", "MemberTask",
    "Offset", "Program", "Proof", "Redemption", "ServiceBooking", "ServiceSlot", "TaskDone", "Tier", "TierBenefit",
    "TierChange", "TierScheme", "Transfer",
]  # fmt: skip
