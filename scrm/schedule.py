"""Time -> jobs. Wall times are Shanghai's."""

from django.conf import settings

from core.schedule import Daily, Every

_RESULTS = 5 if settings.PLATFORM_MODE == "sim" else 60  # seconds; beside the simulator somebody is watching

SCHEDULE: list[Every | Daily] = [
    Every(_RESULTS, "messaging.services.results.poll_due_tasks"),
    Every(_RESULTS, "messaging.services.direct.look_after_direct"),
    Every(_RESULTS, "messaging.services.marking.look_after_batches"),
    Every(_RESULTS, "campaigns.services.launch.advance_campaigns"),
    Every(30, "campaigns.services.launch.choose_winners"),
    Every(30 if settings.PLATFORM_MODE == "sim" else 60, "customers.services.connecting.pull_due"),
    Every(30 if settings.PLATFORM_MODE == "sim" else 300, "messaging.services.kf.pull_all"),
    Every(30, "service_bot.services.assigning.look_after_desk"),
    Every(600, "tagging.services.refresh.expire_tags"),
    Every(_RESULTS, "tagging.services.wecom.push_tags"),
    Daily("02:20", "customers.services.profile.refresh_all_profiles"),
    Every(15, "customers.services.spelling.spell_names"),
    Every(10, "customers.services.standing.follow_activity"),
    Daily("02:30", "customers.services.standing.refresh_all_standings"),
    Daily("02:35", "tagging.services.interests.refresh_base_rates"),
    Daily("02:40", "tagging.services.refresh.refresh_all"),
    Daily("03:00", "tagging.services.segments.count_segments"),
    Daily("00:05", "membership.services.ledger.expire_points"),
    Daily("00:10", "membership.services.tiers.reconsider_all"),
    Daily("04:10", "membership.services.proof.prove_ledger"),
    Daily("08:30", "membership.services.gifts.give_birthday_gifts"),
    Every(60, "orders.services.placing.close_expired_orders"),
    Every(60, "catalog.services.live_booking.look_after_live_holds"),
    Every(3 * 3600, "catalog.services.live.sync_live_suppliers"),
    Every(300, "orders.services.refunds.ask_about_refunds"),
    Every(600, "customers.services.sync.runs.resume_sync"),
    Every(3600, "customers.services.channels.pushing.look_after_ways"),
    Daily("02:00", "customers.services.sync.runs.reconcile_nightly"),
    Daily("02:40", "customers.services.visitors.stitch_late_events"),
    Daily("00:20", "core.services.ensure_event_partitions"),
    Every(3600, "customers.services.exports.remove_expired_exports"),
    Every(3600, "customers.services.bulk_export.remove_expired_files"),
    Daily("01:30", "customers.services.requests.recheck_blocked"),
    Daily("01:40", "customers.services.erasure.delete_expired_orders"),
    Daily("01:50", "customers.services.erasure_list.complete_erasure_list"),
    Daily("03:10", "orders.services.placing.complete_past_orders"),
    Daily("10:20", "orders.services.bills.reconcile_days"),
    Daily("04:20", "merchants.services.settling.make_statements"),
    Daily("04:40", "merchants.services.sharing.unfreeze_rest"),
    Daily("03:20", "itinerary.services.trips.finish_trips"),
    Daily("03:40", "core.services.prune_ledger"),
    Daily("03:45", "customers.services.outside.prune_rejections"),
    Daily("03:50", "staff.services.audit.anchor_audit"),
    Daily("03:50", "gateways.services.prune_gateway_log"),
]
