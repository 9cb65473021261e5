from __future__ import annotations

from django.contrib import admin
from django.urls import path

from shop.views import front_page

urlpatterns = [path("", front_page, name="front"), path("admin/", admin.site.urls)]
