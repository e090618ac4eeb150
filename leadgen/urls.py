from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from deliveries import views as delivery_views
from pipeline import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("health/", health.health, name="health"),
    path("files/<str:token>/", delivery_views.delivered_file, name="delivered-file"),
]
