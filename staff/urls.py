"""Log-in, the settings hub, staff, policy, audit."""

from django.urls import path

from staff.views import account, audit, organisation, people, session

app_name = "staff"
urlpatterns = [
    path("login", session.log_in, name="login"),
    path("login/code", session.enter_code, name="code"),
    path("logout", session.log_out, name="logout"),
    path("settings", organisation.settings_hub, name="settings"),
    path("settings/me", account.account, name="me"),
    path("settings/me/password", account.password, name="password"),
    path("settings/me/two-step", account.second_step_setup, name="second_step"),
    path("settings/me/two-step/remove", account.second_step_remove, name="second_step_remove"),
    path("settings/me/recovery-codes", account.renew_codes, name="recovery_codes"),
    path("settings/me/sessions", account.end_other_sessions, name="end_sessions"),
    path("settings/policy", organisation.policy, name="policy"),
    path("settings/departments", organisation.departments, name="departments"),
    path("settings/departments/new", organisation.save_department, name="department_new"),
    path("settings/departments/<int:department_id>", organisation.save_department, name="department"),
    path("settings/departments/<int:department_id>/delete", organisation.delete_department, name="department_delete"),
    path("settings/staff", people.people, name="people"),
    path("settings/staff/new", people.new_person, name="person_new"),
    path("settings/staff/<int:user_id>", people.person, name="person"),
    path("settings/staff/<int:user_id>/deactivate", people.deactivate, name="person_deactivate"),
    path("settings/staff/<int:user_id>/activate", people.activate, name="person_activate"),
    path("settings/staff/<int:user_id>/password", people.reset_password, name="person_password"),
    path("settings/staff/<int:user_id>/two-step", people.reset_second_step, name="person_second_step"),
    path("settings/audit", audit.entries, name="audit"),
    path("settings/audit/changes", audit.changes, name="audit_changes"),
    path("settings/audit/verify", audit.verify, name="audit_verify"),
    path("settings/audit/export", audit.export, name="audit_export"),
]
