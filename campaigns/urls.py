"""Campaigns and follow-up tasks."""

from django.urls import path

from campaigns.views import actions, compose, editor, follow_ups, lists, results, variants

app_name = "campaigns"
urlpatterns = [
    path("campaigns", lists.index, name="index"),
    path("campaigns/pause", lists.pause_everything, name="pause-all"),
    path("campaigns/new", editor.new, name="new"),
    path("campaigns/audience", editor.audience, name="audience"),
    path("campaigns/why", editor.why, name="why"),
    path("campaigns/check", editor.check, name="check"),
    path("campaigns/<int:campaign_id>", results.detail, name="detail"),
    path("campaigns/<int:campaign_id>/live", results.live, name="live"),
    path("campaigns/<int:campaign_id>/people", results.people, name="people"),
    path("campaigns/<int:campaign_id>/funnel.json", results.funnel_json, name="funnel-json"),
    path("campaigns/<int:campaign_id>/card.png", results.card, name="card"),
    path("campaigns/<int:campaign_id>/edit", editor.edit, name="edit"),
    path("campaigns/<int:campaign_id>/submit", actions.submit, name="submit"),
    path("campaigns/<int:campaign_id>/approve", actions.approve, name="approve"),
    path("campaigns/<int:campaign_id>/return", actions.give_back, name="return"),
    path("campaigns/<int:campaign_id>/launch", actions.launch, name="launch"),
    path("campaigns/<int:campaign_id>/pause", actions.pause, name="pause"),
    path("campaigns/<int:campaign_id>/resume", actions.resume, name="resume"),
    path("campaigns/<int:campaign_id>/cancel", actions.cancel, name="cancel"),
    path("campaigns/<int:campaign_id>/refresh", actions.refresh, name="refresh"),
    path("campaigns/<int:campaign_id>/remind", actions.remind, name="remind"),
    path("campaigns/<int:campaign_id>/duplicate", actions.duplicate, name="duplicate"),
    path("campaigns/<int:campaign_id>/variants", variants.add, name="variant-add"),
    path("campaigns/<int:campaign_id>/variants/<int:variant_id>/remove", variants.remove, name="variant-remove"),
    path("campaigns/<int:campaign_id>/decide", variants.decide, name="decide"),
    path("campaigns/<int:campaign_id>/delete", actions.delete, name="delete"),
    path("tasks", follow_ups.tasks, name="tasks"),
    path("tasks/list", follow_ups.task_list, name="task-list"),
    path("tasks/<int:task_id>/done", follow_ups.finish, name="task-done"),
    path("tasks/<int:task_id>/reopen", follow_ups.reopen, name="task-reopen"),
    path("tasks/<int:task_id>/snooze", follow_ups.snooze, name="task-snooze"),
    path("customers/<int:customer_id>/tasks/new", compose.task_form, name="task-new"),
    path("customers/<int:customer_id>/tasks", compose.task_add, name="task-add"),
    path("tasks/<int:task_id>/withdraw", compose.task_withdraw, name="task-withdraw"),
    path("tasks/<int:task_id>/assign", follow_ups.assign, name="task-assign"),
]
