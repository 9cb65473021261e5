from __future__ import annotations

from django.contrib import admin

from freeze_alerts.admin import AuditAdminMixin
from orders.models import Customer, Order, OrderItem, Product


class OrderItemInline(admin.TabularInline):
    model = OrderItem
    extra = 0


@admin.register(Order)
class OrderAdmin(AuditAdminMixin, admin.ModelAdmin):
    list_display = ("pk", "customer", "status", "created_at", "paid_at")
    list_filter = ("status",)
    search_fields = ("customer__name", "customer__email", "mollie_id")
    date_hierarchy = "created_at"
    inlines = [OrderItemInline]


@admin.register(Customer)
class CustomerAdmin(AuditAdminMixin, admin.ModelAdmin):
    list_display = ("name", "email", "created_at")
    search_fields = ("name", "email")


@admin.register(Product)
class ProductAdmin(AuditAdminMixin, admin.ModelAdmin):
    list_display = ("name", "price", "weight_grams")
    prepopulated_fields = {"slug": ["name"]}
