"""Addresses of initiatives."""

from django.urls import path

from goldenthread.web.initiatives import after_views, plan_views, register_views, result_views, views

urlpatterns = [
    path("initiatives/", register_views.register_page, name="initiatives"),
    path("initiatives/new/", views.new, name="initiative_new"),
    path("initiatives/orphans/", views.orphans_page, name="initiative_orphans"),
    path("initiatives/export/", register_views.export, name="initiative_export"),
    path("initiatives/import/", after_views.bring_in, name="initiative_import"),
    path("initiatives/<str:name>/", views.initiative, name="initiative"),
    path("initiatives/<str:name>/record/", views.record, name="initiative_record"),
    path("initiatives/<str:name>/note/", views.note, name="initiative_note"),
    path("initiatives/<str:name>/people/", views.people, name="initiative_people"),
    path("initiatives/<str:name>/plan/", plan_views.plan, name="initiative_plan"),
    path("initiatives/<str:name>/lock/", plan_views.lock_page, name="initiative_lock"),
    path("initiatives/<str:name>/amend/", plan_views.amend_page, name="initiative_amend"),
    path("initiatives/<str:name>/reach/", after_views.reach, name="initiative_reach"),
    path("initiatives/<str:name>/result/", result_views.result, name="initiative_result"),
    path(
        "initiatives/<str:name>/result/<str:kind>/", result_views.result_file, name="initiative_result_file"
    ),
    path("initiatives/<str:name>/decide/", after_views.decide_page, name="initiative_decide"),
    path("initiatives/<str:name>/elsewhere/", after_views.elsewhere_page, name="initiative_elsewhere"),
    path("initiatives/<str:name>/handover/", after_views.handover_page, name="initiative_handover"),
    path(
        "initiatives/<str:name>/handover/<str:kind>/",
        after_views.handover_file,
        name="initiative_handover_file",
    ),
    path("initiatives/<str:name>/recipe/", after_views.recipe, name="initiative_recipe"),
]
