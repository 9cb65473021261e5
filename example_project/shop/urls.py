from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from shop.views import front_page

urlpatterns = [
    path("", front_page, name="front"),
    path("shop/", front_page),
    path("", include("orders.urls")),
    path("alerts/", include("freeze_alerts.urls")),
    path("admin/", admin.site.urls),
]
