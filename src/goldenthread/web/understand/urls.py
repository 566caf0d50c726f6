"""Addresses of understanding a population. Each part of the area adds its own lines."""

from django.urls import path

from goldenthread.web.understand import coding, inequality, profile, segments

urlpatterns = [
    path("understand/", profile.begin, name="understand"),
    path("understand/<str:scope>/", profile.profile_page, name="profile"),
    path("understand/<str:scope>/figures.csv", profile.figures_csv, name="profile_csv"),
    path("understand/<str:scope>/inequality/", inequality.inequality_page, name="inequality"),
    path("understand/<str:scope>/inequality.csv", inequality.inequality_csv, name="inequality_csv"),
    path("understand/<str:scope>/inequality/core20plus5/", inequality.core20_page, name="core20plus5"),
    path("understand/<str:scope>/coding/", coding.coding_page, name="coding"),
    path("understand/<str:scope>/coding.csv", coding.coding_csv, name="coding_csv"),
    path("understand/<str:scope>/coding/condition/", coding.condition_page, name="coding_condition"),
    path("understand/<str:scope>/segments/", segments.segments_page, name="segments"),
]
