from __future__ import annotations

import os

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def front_page(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/front.html", {"discord_page": os.environ.get("DISCORD_PAGE", "")})
