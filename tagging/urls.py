"""Tags and segments."""

from django.urls import path

from tagging.views import builder, people, rules, segments, tags

app_name = "tagging"
urlpatterns = [
    path("tags", tags.tag_list, name="tags"),
    path("tags/new", tags.tag_form, name="tag_new"),
    path("tags/install", tags.install, name="install"),
    path("tags/builder", builder.builder, name="builder"),
    path("tags/choice", people.bulk_choice, name="bulk_choice"),
    path("tags/assign", people.bulk_tag, name="bulk_tag"),
    path("tags/groups/new", tags.group_form, name="group_new"),
    path("tags/groups/<int:group_id>", tags.group_form, name="group"),
    path("tags/groups/<int:group_id>/order", tags.group_order, name="group_order"),
    path("tags/groups/<int:group_id>/delete", tags.group_delete, name="group_delete"),
    path("tags/<int:tag_id>", tags.tag_detail, name="tag"),
    path("tags/<int:tag_id>/edit", tags.tag_form, name="tag_edit"),
    path("tags/<int:tag_id>/archive", tags.tag_archive, name="tag_archive"),
    path("tags/<int:tag_id>/delete", tags.tag_delete, name="tag_delete"),
    path("tags/<int:tag_id>/rules/new", rules.rule_new, name="rule_new"),
    path("tags/<int:tag_id>/rules/preview", builder.rule_preview, name="rule_preview"),
    path("tags/rules/<int:rule_id>", rules.rule_edit, name="rule"),
    path("tags/rules/<int:rule_id>/state", rules.rule_state, name="rule_state"),
    path("tags/rules/<int:rule_id>/restore", rules.rule_restore, name="rule_restore"),
    path("tags/rules/<int:rule_id>/delete", rules.rule_delete, name="rule_delete"),
    path("segments", segments.segment_list, name="segments"),
    path("segments/new", segments.segment_new, name="segment_new"),
    path("segments/install", segments.segments_install, name="segments_install"),
    path("segments/preview", builder.segment_preview, name="preview"),
    path("segments/<int:segment_id>", segments.segment_edit, name="segment"),
    path("segments/<int:segment_id>/delete", segments.segment_delete, name="segment_delete"),
    path("segments/<int:segment_id>/count", segments.segment_count, name="segment_count"),
    path("segments/<int:segment_id>/count.json", segments.segment_numbers, name="segment_numbers"),
    path("customers/<int:customer_id>/tags", people.customer_panel, name="customer_panel"),
    path("customers/<int:customer_id>/tags/change", people.customer_tag, name="customer_tag"),
]
