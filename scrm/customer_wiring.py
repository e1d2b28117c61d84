"""What the apps above `customers` take part in: its pages, lists, merges, rights. Dotted names; scrm/settings.py reads them.

An app that keeps something about a customer, or shows something on a customer's page, writes itself down here, and
nothing below it needs to know that it exists.
"""

CONDITION_FIELDS = [
    "customers.queries.condition_fields",
    "tagging.queries.condition_fields",
    "membership.queries.conditions.condition_fields",
    "orders.queries.condition_fields",
]
# What points are earned for: (order id) -> [(product's code, themes, amount in yuan)], one per line.
ORDER_LINES = "orders.queries.customers.order_lines"
# WeCom event -> the job (of one callback_id) that works on it, where an app above `customers` owns the event.
CALLBACK_WORK = {"kf_msg_or_event": "messaging.services.kf.pull_callback"}
EVENT_KINDS = ["customers.intake.kinds.options"]  # what other systems tell us, for the builders of rules
# What the apps above customers add to its pages: columns of the list, names in the timeline, panels of the profile.
CUSTOMER_COLUMNS = {"tags": "tagging.queries.tags_of"}
TAG_CHOICES = "tagging.queries.choices"  # the tags a channel may give its newcomers
# Figures that customer lists sort and filter by: who knows them, as SQL for some customers or for all.
CUSTOMER_STANDING = {
    "value_amount": "orders.queries.value_figures",
    "last_touch_at": "messaging.queries.touch_figures",
    "next_task_at": "campaigns.queries.task_figures",
}
NAME_SOURCES = {
    "product": "catalog.queries.product_names",
    "destination": "catalog.queries.destination_names",
    "order_id": "orders.queries.order_numbers",
    "tag_id": "tagging.queries.tag_names",
    "segment_id": "tagging.queries.segment_names",
    "campaign_id": "campaigns.queries.campaign_names",
    "user_id": "customers.queries.timeline.user_names",
    "way_id": "customers.queries.channels.way_names",
}
# What the apps above know for the profile engine: SQL with the columns that customers.services.profile reads.
PROFILE_SOURCES = {
    "purchases": "orders.queries.customers.PURCHASES",
    "answers": "messaging.queries.ANSWERS",
    "interests": "catalog.queries.products.INTERESTS",
}
# What asks for a step, app by app: functions (customer, user, at) -> Advice; which of its tasks exist; who makes one.
CUSTOMER_ADVICE = ["customers.queries.advice.advise", "orders.queries.advice.advise", "campaigns.queries.advice.advise"]
CUSTOMER_ADVICE_TAKEN = "campaigns.queries.advice.taken"
CUSTOMER_TASK_URL = "campaigns:task-add"
# The composer above a timeline: what is written, its form, the ability.
CUSTOMER_COMPOSER = {
    "note": ("customers:compose_note", "customers.edit"),
    "task": ("campaigns:task-new", "tasks.work"),
    "message": ("messaging:compose", "tasks.work"),
}
# Acts on many customers at once, in the order of the bar: Kind of customers.services.bulk.
CUSTOMER_BULK = {
    "assign": "customers.services.bulk_assign.ASSIGN",
    "tag_add": "tagging.services.bulk.ADD",
    "tag_remove": "tagging.services.bulk.REMOVE",
    "list": "tagging.services.bulk.LIST",
    "task": "campaigns.services.bulk.TASK",
    "export": "customers.services.bulk_export.EXPORT",
}
CUSTOMER_PANELS = [
    "customers:advice_panel",
    "customers:portrait_panel",
    "customers:household_panel",
    "customers:merges_panel",
    "tagging:customer_panel",
    "membership:customer_panel",
    "orders:customer_panel",
    "privacy:consents_panel",
]
# Every column that names a customer, and how a merge moves it (customers.queries.places says what the words mean).
# Merging, unmerging, export and erasure read this one list; a test fails for a column that is missing here.
CUSTOMER_TABLES = {
    "core_event.customer_id": "move",
    "customers_identity.customer_id": "home",
    "customers_membertoken.customer_id": "home",
    "customers_clue.customer_id": "unless:kind,value_hash",
    "customers_consent.customer_id": "customers.services.movers.CONSENTS",
    "customers_activity.customer_id": "customers.services.movers.ACTIVITY",
    "customers_relationship.customer_id": "move",
    "customers_note.customer_id": "move",
    "customers_traveller.customer_id": "move",
    "customers_householdmember.customer_id": "unless:",
    "customers_portrait.customer_id": "drop",
    "customers_stagechange.customer_id": "move",
    "customers_visitor.customer_id": "move",
    "customers_favourite.customer_id": "unless:product_code",
    "customers_datarequest.customer_id": "unless:kind",
    "customers_dataexport.customer_id": "move",
    "customers_sharingsubject.customer_id": "unless:sharing_id",
    "tagging_tagassignment.customer_id": "tagging.services.merging.ASSIGNMENTS",
    "tagging_customertags.customer_id": "tagging.services.merging.ARRAYS",
    "tagging_tagverdict.customer_id": "unless:tag_id",
    "tagging_tagsuggestion.customer_id": "unless:tag_id",
    "tagging_tagmergerow.customer_id": "move",
    "tagging_interest.customer_id": "drop",
    "tagging_segmentmembership.customer_id": "unless:segment_id",
    "messaging_message.customer_id": "move",
    "messaging_marketingpause.customer_id": "move",
    "messaging_noticeentry.customer_id": "move",
    "messaging_conversation.customer_id": "move",
    "messaging_chatcard.customer_id": "move",
    "orders_order.customer_id": "home",
    "membership_account.customer_id": "stay",
    "membership_lot.customer_id": "membership.services.merging.LOTS",
    "membership_debt.customer_id": "move",
    "membership_growthentry.customer_id": "move",
    "membership_adjustment.customer_id": "move",
    "membership_coupon.customer_id": "move",
    "membership_offset.customer_id": "move",
    "membership_member.customer_id": "unless:",
    "membership_tierchange.customer_id": "move",
    "membership_benefituse.customer_id": "move",
    "membership_taskdone.customer_id": "unless:task_id,slot",
    "membership_invitation.inviter_id": "stay",
    "membership_invitation.invitee_id": "stay",
    "membership_mallorder.customer_id": "move",
    "membership_servicebooking.customer_id": "unless:slot_id",
    "itinerary_triprequest.customer_id": "unless:state",
    "itinerary_itinerary.customer_id": "move",
    "itinerary_acceptance.customer_id": "stay",
    "campaigns_recipient.customer_id": "unless:campaign_id",
    "campaigns_followup.customer_id": "move",
    "campaigns_journeyrun.customer_id": "move",
    "campaigns_momentreaction.customer_id": "move",
    "campaigns_handoveritem.customer_id": "move",
    "customers_bulktarget.customer_id": "stay",
    "customers_identity.home_id": "stay",
    "customers_membertoken.home_id": "stay",
    "customers_eventhome.home_id": "stay",
    "orders_order.home_id": "stay",
    "customers_customer.merged_into_id": "stay",
    "customers_customerhistory.pgh_obj_id": "stay",
    "customers_customerhistory.merged_into_id": "stay",
    "customers_merge.survivor_id": "stay",
    "customers_merge.absorbed_id": "stay",
    "customers_mergereview.left_id": "stay",
    "customers_mergereview.right_id": "stay",
    "customers_erasure.customer_id": "stay",
    "customers_importrow.customer_id": "stay",
    "customers_standing.customer_id": "stay",
}
# Told last when a merge was undone: what came since and belongs to rows that went home.
CUSTOMER_RESTORED = ["orders.services.merging.bring_events_home", "messaging.services.merging.bring_messages_home",
                     "membership.services.merging.bring_points_home"]  # fmt: skip
# How a person's rows are forgotten where "delete them" is not the answer (customers.services.erasers), what else is looked
# after, what stands in the way, until when orders stay, and what goes with them in the end. Dotted names of the apps above.
CUSTOMER_ERASURE = {
    "core_event.customer_id": "customers.services.erasers.events",
    "customers_datarequest.customer_id": "customers.services.erasers.requests",
    "customers_bulktarget.customer_id": "customers.services.erasers.bulk_targets",
    "customers_erasure.customer_id": "keep",
    "customers_customer.merged_into_id": "keep",
    "customers_customerhistory.merged_into_id": "keep",
    "messaging_message.customer_id": "messaging.services.erasing.blank_messages",
    "orders_order.customer_id": "keep",
    "orders_order.home_id": "keep",
    **dict.fromkeys(  # the ledger adds up without a name; what is unused is given up (ERASERS)
        [
            "membership_account.customer_id",
            "membership_lot.customer_id",
            "membership_debt.customer_id",
            "membership_growthentry.customer_id",
            "membership_adjustment.customer_id",
            "membership_coupon.customer_id",
            "membership_offset.customer_id",
            "membership_benefituse.customer_id",
            "membership_mallorder.customer_id",
            "membership_servicebooking.customer_id",
        ],
        "keep",
    ),
    "campaigns_recipient.customer_id": "keep",
    "campaigns_journeyrun.customer_id": "campaigns.services.erasing.end_journeys",
}
ERASERS = ["orders.services.erasing.blank_payers", "membership.services.erasing.give_up"]
ERASURE_OBSTACLES = ["orders.queries.rights.erasure_obstacles"]
ERASURE_KEPT_UNTIL = ["orders.queries.rights.kept_until"]
ERASURE_FINALLY = [
    "orders.services.erasing.delete_orders",
    "membership.services.erasing.delete_membership",
    "campaigns.services.erasing.delete_recipients",
    "campaigns.services.erasing.delete_journeys",
    "messaging.services.erasing.delete_messages",
]
# The copy of one's own data: a reader where plain columns do not do (customers.queries.own_data), "skip" for bookkeeping.
CUSTOMER_EXPORTERS = {
    "messaging_conversation.customer_id": "messaging.queries_chat.own_chats",
    "core_event.customer_id": "customers.queries.own_data.events",
    "customers_identity.customer_id": "customers.queries.own_data.identities",
    "customers_traveller.customer_id": "customers.queries.own_data.travellers",
    "customers_sharingsubject.customer_id": "customers.queries.own_data.sharings",
    "membership_account.customer_id": "membership.queries.own_data.points",
    **dict.fromkeys(
        [
            "customers_membertoken.customer_id", "customers_clue.customer_id", "customers_dataexport.customer_id",
            "customers_importrow.customer_id", "customers_standing.customer_id",
            "tagging_customertags.customer_id", "tagging_tagmergerow.customer_id", "customers_bulktarget.customer_id",
            "customers_identity.home_id", "customers_membertoken.home_id", "customers_eventhome.home_id",
            "orders_order.home_id", "membership_lot.customer_id", "membership_offset.customer_id",
            "membership_invitation.inviter_id", "membership_invitation.invitee_id",
            "customers_customer.merged_into_id", "customers_customerhistory.merged_into_id", "customers_mergereview.left_id",
            "customers_mergereview.right_id", "customers_erasure.customer_id",
        ],
        "skip",
    ),
}  # fmt: skip
# Rows that follow from a customer's existence alone: they do not keep an import from being rolled back, and go with it.
CUSTOMER_DERIVED = {"customers_standing": "true", "tagging_customertags": "true", "tagging_tagassignment": "source = 'rule'",
                    "tagging_interest": "true", "tagging_segmentmembership": "true", "tagging_tagmergerow": "true",
                    "membership_member": "true", "membership_tierchange": "true"}  # fmt: skip
