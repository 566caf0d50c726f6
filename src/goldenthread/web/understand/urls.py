"""Addresses of understanding a population. Each part of the area adds its own lines."""

from django.urls import path

from goldenthread.web.understand import profile, segments

urlpatterns = [
    path("understand/", profile.begin, name="understand"),
    path("understand/<str:scope>/", profile.profile_page, name="profile"),
    path("understand/<str:scope>/figures.csv", profile.figures_csv, name="profile_csv"),
    path("understand/<str:scope>/segments/", segments.segments_page, name="segments"),
]
