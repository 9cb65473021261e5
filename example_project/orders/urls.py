from __future__ import annotations

from django.urls import path

from orders import views

urlpatterns = [
    path("checkout/webhook/", views.payment_webhook, name="payment_webhook"),
    path("checkout/<slug:slug>/", views.checkout, name="checkout"),
    path("orders/<int:pk>/", views.order, name="order"),
    path("shipping/", views.shipping, name="shipping"),
]
