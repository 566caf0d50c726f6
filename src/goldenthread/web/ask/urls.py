"""Addresses of questions."""

from django.urls import path

from goldenthread.web.ask import building, saved, views

urlpatterns = [
    path("ask/", views.ask_home, name="ask_home"),
    path("ask/<str:scope>/", views.ask, name="ask"),
    path("ask/<str:scope>/check/", views.check, name="ask_check"),
    path("ask/<str:scope>/questions/", building.questions, name="ask_questions"),
    path("ask/<str:scope>/measures/", building.measures, name="ask_measures"),
    path("ask/<str:scope>/save/", saved.save, name="ask_save"),
    path("ask/<str:scope>/saved/", saved.saved, name="ask_saved"),
    path("ask/<str:scope>/saved/<int:question>/", saved.one, name="ask_saved_one"),
    path("ask/<str:scope>/saved/<int:question>/change/", saved.change, name="ask_change"),
]
