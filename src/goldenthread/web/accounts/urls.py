"""Addresses of accounts."""

from django.urls import path

from goldenthread.web.accounts import people, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/provider/", views.to_provider, name="to_provider"),
    path("sign-in/provider/back/", views.provider_back, name="provider_back"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/unlock/", views.unlock, name="unlock"),
    path("account/still-here/", views.still_here, name="still_here"),
    path("account/carry-on/", views.carry_on, name="carry_on"),
    path("account/carry-on/drop/", views.drop_kept, name="drop_kept"),
    path("account/role/", views.choose_role, name="choose_role"),
    path("account/password/", views.password, name="password"),
    path("account/people/", people.people, name="people"),
    path("account/people/add/", people.add, name="add_person"),
    path("account/people/<int:person>/", people.person, name="person"),
    path("account/people/<int:person>/<slug:act>/", people.act, name="person_act"),
]
