"""The doors to channels: staff pages, and the public page of a code."""

from django.urls import path

from customers.views import channels, landing, wecom

app_name = "channels"

urlpatterns = [
    path("channels", channels.channel_list, name="list"),
    path("channels/new", channels.channel_edit, name="new"),
    path("channels/starters", channels.starters, name="starters"),
    path("channels/<int:channel_id>/edit", channels.channel_edit, name="edit"),
    path("channels/<int:channel_id>/archive", channels.channel_archive, name="archive"),
    path("channels/absences", channels.absence_add, name="absence_add"),
    path("channels/absences/form", channels.absence_form, name="absence_form"),
    path("channels/absences/<int:absence_id>/end", channels.absence_end, name="absence_end"),
    path("channels/codes/new", channels.way_new, name="way_new"),
    path("channels/codes/<int:way_id>", channels.way_detail, name="way"),
    path("channels/codes/<int:way_id>/edit", channels.way_edit, name="way_edit"),
    path("channels/codes/<int:way_id>/act/<slug:action>", channels.way_act, name="way_act"),
    path("channels/codes/<int:way_id>/<slug:kind>.<slug:ending>", channels.way_picture, name="picture"),
    path("data/wecom", wecom.sync_panel, name="sync"),
    path("data/wecom/start", wecom.sync_start, name="sync_start"),
    path("data/wecom/<int:sync_id>/stop", wecom.sync_stop, name="sync_stop"),
    path("j/<str:state>", landing.landing, name="landing"),
    path("j/<str:state>/code.png", landing.landing_picture, name="landing_picture"),
]
