"""Addresses of understanding a population. Each part of the area adds its own lines."""

from django.urls import path

from goldenthread.web.understand import profile

urlpatterns = [
    path("understand/", profile.begin, name="understand"),
    path("understand/<str:scope>/", profile.profile_page, name="profile"),
    path("understand/<str:scope>/figures.csv", profile.figures_csv, name="profile_csv"),
]
