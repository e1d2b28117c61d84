"""Tags and segments."""

from django.urls import path

from tagging.views import segments, tags

app_name = "tagging"
urlpatterns = [
    path("tags", tags.tag_list, name="tags"),
    path("tags/add", tags.tag_add, name="tag_add"),
    path("tags/<int:tag_id>", tags.tag_detail, name="tag"),
    path("tags/<int:tag_id>/rules/new", tags.rule_new, name="rule_new"),
    path("tags/rules/<int:rule_id>", tags.rule_edit, name="rule"),
    path("tags/rules/<int:rule_id>/state", tags.rule_state, name="rule_state"),
    path("segments", segments.segment_list, name="segments"),
    path("segments/new", segments.segment_new, name="segment_new"),
    path("segments/preview", segments.preview, name="preview"),
    path("segments/<int:segment_id>", segments.segment_edit, name="segment"),
    path("segments/<int:segment_id>/delete", segments.segment_delete, name="segment_delete"),
    path("segments/<int:segment_id>/count.json", segments.segment_numbers, name="segment_numbers"),
    path("customers/<int:customer_id>/tags", tags.customer_panel, name="customer_panel"),
    path("customers/<int:customer_id>/tags/change", tags.customer_tag, name="customer_tag"),
]
