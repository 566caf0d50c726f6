"""Addresses of the workshop pack."""

from django.urls import path

from goldenthread.web.workshop import views

urlpatterns = [
    path("understand/<str:scope>/workshop/", views.workshop, name="workshop"),
    path("understand/<str:scope>/workshop/slides.pptx", views.slides, name="workshop_slides"),
    path("understand/<str:scope>/workshop/handout.pdf", views.handout, name="workshop_handout"),
]
