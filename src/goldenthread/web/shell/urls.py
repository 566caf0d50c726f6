"""Addresses of the frame."""

from django.urls import path

from goldenthread.web.shell import views

urlpatterns = [
    path("", views.home, name="home"),
    path("scope/", views.choose_scope, name="choose_scope"),
    path("help/", views.help_page, name="help"),
    path("help/glossary/", views.glossary, name="glossary"),
    path("help/accessibility/", views.accessibility, name="accessibility"),
]
