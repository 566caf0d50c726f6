"""Addresses of theographs."""

from django.urls import path

from goldenthread.web.people import views

urlpatterns = [
    path("people/<str:scope>/", views.choose, name="people"),
    path("people/<str:scope>/<str:opening>/", views.story, name="theograph"),
    path("people/<str:scope>/<str:opening>/restricted/", views.restricted, name="theograph_restricted"),
]
