"""Addresses of the API."""

from django.urls import path

from goldenthread.web.api import answers, views  # noqa: F401  the operations register themselves
from goldenthread.web.api.registry import OPERATIONS, view_of

urlpatterns = [
    path("api/openapi.json", views.description, name="openapi"),
    path("help/api/", views.guide, name="api_guide"),
    path("account/tokens/", views.own_tokens, name="tokens"),
    path("account/tokens/<int:token>/end/", views.end_token, name="end_token"),
    *(path(f"api/{one.path}", view_of(one), name=f"api_{one.name}") for one in OPERATIONS),
]
