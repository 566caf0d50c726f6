"""Addresses of the catalogue of definitions and of the data page."""

from django.urls import path

from goldenthread.web.learn import catalogue, feeds

urlpatterns = [
    path("learn/", catalogue.learn, name="learn"),
    path("learn/definitions/", catalogue.definitions, name="definitions"),
    path("learn/definitions/<str:definition>/", catalogue.definition_page, name="definition"),
    path("learn/codes/<str:codelist>/", catalogue.codelist_page, name="codelist"),
    path("learn/data/", feeds.data_page, name="data"),
]
