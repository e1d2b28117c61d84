"""The doors of service_bot."""

from django.urls import path

from service_bot import views, views_desk, views_quality

app_name = "service_bot"
urlpatterns = [
    path("inbox", views_desk.inbox, name="inbox"),
    path("inbox/list", views_desk.inbox_list, name="inbox_list"),
    path("inbox/presence", views_desk.presence, name="presence"),
    path("inbox/desk", views_desk.supervisor, name="supervisor"),
    path("inbox/canned", views_desk.canned, name="canned"),
    path("inbox/<int:conversation_id>", views_desk.conversation, name="conversation"),
    path("inbox/<int:conversation_id>/talk", views_desk.talk, name="talk"),
    path("inbox/<int:conversation_id>/say", views_desk.say, name="say"),
    path("inbox/<int:conversation_id>/act", views_desk.act, name="act"),
    path("inbox/<int:conversation_id>/drafts", views_desk.drafts, name="drafts"),
    path("inbox/<int:conversation_id>/picks", views_desk.picks, name="picks"),
    path("inbox/<int:conversation_id>/card", views_desk.card, name="card"),
    path("inbox/<int:conversation_id>/turns/<int:turn_id>", views_desk.verdict, name="verdict"),
    path("kb", views.entry_list, name="entries"),
    path("kb/new", views.entry_new, name="entry_new"),
    path("kb/test", views.hit_test, name="hit_test"),
    path("kb/doubts", views.doubts, name="doubts"),
    path("kb/documents/new", views.document_new, name="document_new"),
    path("kb/documents/<int:document_id>", views.document, name="document"),
    path("kb/import", views_quality.answers_import, name="answers_import"),
    path("bot/evals", views_quality.evals, name="evals"),
    path("bot/evals/start", views_quality.eval_start, name="eval_start"),
    path("bot/evals/questions", views_quality.labels_import, name="labels_import"),
    path("bot/evals/<int:evaluation_id>", views_quality.eval_run, name="eval_run"),
    path("bot/gaps", views_quality.gaps, name="gaps"),
    path("kb/<int:entry_id>", views.entry_edit, name="entry"),
    path("kb/<int:entry_id>/state", views.entry_state, name="entry_state"),
]
