"""Addresses of governance."""

from django.urls import path

from goldenthread.web.governance import audit_views, duty_views, views

urlpatterns = [
    path("governance/", views.overview, name="governance"),
    path("governance/purposes/<str:purpose>/", views.purpose_page, name="governance_purpose"),
    path("governance/purposes/<str:purpose>/decide/", views.decide, name="governance_decide"),
    path("governance/purposes/<str:purpose>/document/", views.add_document, name="governance_document"),
    path("governance/purposes/<str:purpose>/terms/", views.set_terms, name="governance_terms"),
    path("governance/practice/<str:scope>/", views.practice_page, name="governance_practice"),
    path("governance/practice/<str:scope>/decide/", views.practice_decide, name="governance_practice_decide"),
    path("governance/sharing/<str:scope>/", views.sharing_page, name="governance_sharing"),
    path("governance/opt-outs/", duty_views.opt_outs, name="opt_outs"),
    path("governance/opt-outs/ask/", duty_views.ask_opt_outs, name="opt_outs_ask"),
    path("governance/opt-outs/take/", duty_views.take_opt_outs, name="opt_outs_take"),
    path("governance/retention/", duty_views.retention, name="retention"),
    path("governance/retention/run/", duty_views.run, name="retention_run"),
    path("governance/safety-pack/", duty_views.safety_pack, name="safety_pack"),
    path("governance/audit/", audit_views.audit, name="audit"),
    path("governance/audit/seen/", audit_views.seen, name="audit_seen"),
    path("governance/audit/export/", audit_views.export, name="audit_export"),
]
