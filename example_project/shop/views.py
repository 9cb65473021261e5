from __future__ import annotations

import os

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from orders.models import Product


def front_page(request: HttpRequest) -> HttpResponse:
    shown = {"products": Product.objects.all(), "discord_page": os.environ.get("DISCORD_PAGE", "")}
    return render(request, "shop/front.html", shown)
