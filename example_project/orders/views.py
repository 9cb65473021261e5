from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from orders import mollie, paying
from orders.models import Order, Product

logger = logging.getLogger(__name__)
CENTS_PER_KILO = 750


@require_POST
def checkout(request: HttpRequest, slug: str) -> HttpResponse:
    """Order one of a product, and send the customer to Mollie. All below /checkout/ counts as payment."""
    product = get_object_or_404(Product, slug=slug)
    order = paying.place_order(
        product, name=request.POST.get("name", "A customer"), email=request.POST.get("email", "someone@shop.example")
    )
    try:
        return redirect(paying.begin_payment(order))
    except mollie.MollieError:
        logger.exception("no payment could be begun")
        return render(request, "orders/sorry.html", {"order": order}, status=502)


@csrf_exempt
@require_POST
def payment_webhook(request: HttpRequest) -> HttpResponse:
    """Mollie says that a payment has changed; how, it must be asked. An error here makes it call again."""
    paying.settle(request.POST.get("id", ""))
    return HttpResponse()


@require_GET
def order(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "orders/order.html", {"order": get_object_or_404(Order, pk=pk)})


@require_GET
def shipping(request: HttpRequest) -> HttpResponse:
    """What a parcel costs, and how many fit into one of ten kilos. Nobody has thought of one without weight."""
    weight_grams = int(request.GET.get("weight_grams", "1000"))
    return JsonResponse({"cents": CENTS_PER_KILO * weight_grams // 1000, "fit_into_one": 10_000 // weight_grams})
