"""Addresses of lists. A person is addressed by a token that opens nothing outside its list."""

from django.urls import path

from goldenthread.web.lists import export_views, request_views, views

urlpatterns = [
    path("lists/", views.overview, name="lists"),
    path("lists/requests/", request_views.requests_page, name="list_requests"),
    path("lists/request/<str:cohort>/", request_views.ask, name="list_ask"),
    path("lists/stop/", request_views.stop, name="list_stop"),
    path("lists/<str:scope>/<str:release>/decide/", request_views.decide, name="list_decide"),
    path("lists/<str:scope>/<str:release>/", views.worklist, name="worklist"),
    path("lists/<str:scope>/<str:release>/many/", views.many, name="list_many"),
    path("lists/<str:scope>/<str:release>/keep/", views.keep, name="list_keep"),
    path("lists/<str:scope>/<str:release>/out/", export_views.choose, name="list_out"),
    path("lists/<str:scope>/<str:release>/out/<str:kind>/", export_views.export, name="list_export"),
    path("lists/<str:scope>/<str:release>/person/<str:token>/", views.person, name="list_person"),
]
