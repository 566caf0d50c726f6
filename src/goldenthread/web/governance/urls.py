"""Addresses of governance."""

from django.urls import path

from goldenthread.web.governance import audit_views, views

urlpatterns = [
    path("governance/", views.overview, name="governance"),
    path("governance/purposes/<str:purpose>/", views.purpose_page, name="governance_purpose"),
    path("governance/purposes/<str:purpose>/decide/", views.decide, name="governance_decide"),
    path("governance/purposes/<str:purpose>/document/", views.add_document, name="governance_document"),
    path("governance/practice/<str:scope>/", views.practice_page, name="governance_practice"),
    path("governance/practice/<str:scope>/decide/", views.practice_decide, name="governance_practice_decide"),
    path("governance/sharing/<str:scope>/", views.sharing_page, name="governance_sharing"),
    path("governance/audit/", audit_views.audit, name="audit"),
    path("governance/audit/seen/", audit_views.seen, name="audit_seen"),
    path("governance/audit/export/", audit_views.export, name="audit_export"),
]
