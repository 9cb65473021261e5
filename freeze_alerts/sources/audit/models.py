"""What was deleted. No foreign key leads to users or content types: the record outlives both."""

from __future__ import annotations

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

NAME_LENGTH = 200


class Deletion(models.Model):
    """What one request (or one ``with audited_deletes()``) deleted on one database."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    card = models.UUIDField(
        default=uuid.uuid4, db_index=True, editable=False,
        help_text="The uid of the deletion whose card tells of it: its own, or the first one's of a burst.",
    )  # fmt: skip
    at = models.DateTimeField(default=timezone.now, db_index=True)
    database = models.CharField(max_length=64, default="default")
    confirmed = models.BooleanField(
        default=True, help_text="No while a delete on another database than this record's has not been committed."
    )

    actor_id = models.CharField(max_length=64, blank=True)
    actor = models.CharField("who", max_length=255, blank=True)
    real_actor_id = models.CharField(max_length=64, blank=True)
    real_actor = models.CharField(max_length=255, blank=True, help_text="The person behind an impersonation.")
    reason = models.CharField(max_length=255, blank=True)
    ip = models.CharField("IP", max_length=45, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=10, blank=True)
    path = models.CharField(max_length=500, blank=True)
    view = models.CharField(max_length=200, blank=True)
    site = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=100, blank=True)
    request_id = models.CharField(max_length=100, blank=True)

    model = models.CharField(max_length=150, blank=True, db_index=True, help_text="Of the first object chosen.")
    root_count = models.PositiveBigIntegerField("objects", default=0, help_text="Objects chosen to be deleted.")
    row_count = models.PositiveBigIntegerField("rows", default=0, help_text="Rows recorded, cascades included.")
    roots = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    counts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    without_snapshot = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="Rows that SQL took from a table past the ORM."
    )
    left_out = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="Rows that are counted and never kept."
    )
    asked = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="What the admin was asked to delete: the intent."
    )
    files = models.JSONField(default=list, encoder=DjangoJSONEncoder, help_text="Files it names; not copied.")
    complete = models.BooleanField(default=True, help_text="No above the cap: then only keys were kept.")
    chunks = models.PositiveIntegerField(default=0)
    content_hash = models.CharField(max_length=64, blank=True)

    restored_at = models.DateTimeField(null=True, blank=True)
    restored_by = models.CharField(max_length=255, blank=True)
    restorations = models.JSONField(
        default=list, encoder=DjangoJSONEncoder, help_text="Who put back what of it, and when; several where in parts."
    )

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["-id"]
        indexes = [models.Index(fields=["actor_id", "at"], name="freeze_deletion_actor")]
        permissions = [("restore_deletion", "Can put back what was deleted")]

    def __str__(self) -> str:
        return f"deletion {self.pk}"


class DeletedRows(models.Model):
    """Up to 500 rows as they were, compressed."""

    deletion = models.ForeignKey(Deletion, models.CASCADE, related_name="row_chunks", db_index=False)  # has one below
    number = models.PositiveIntegerField()
    row_count = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["deletion", "number"]
        constraints = [models.UniqueConstraint(fields=["deletion", "number"], name="freeze_deleted_rows_number")]

    def __str__(self) -> str:
        return f"{self.row_count} rows of {self.deletion}"


class DeletedRoot(models.Model):
    """An object somebody chose to delete: the index that finds it."""

    deletion = models.ForeignKey(Deletion, models.CASCADE, related_name="root_objects")
    model = models.CharField(max_length=150)
    object_id = models.CharField(max_length=255)
    repr = models.CharField(max_length=NAME_LENGTH, blank=True)
    chunk = models.PositiveIntegerField()

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["id"]
        indexes = [models.Index(fields=["object_id"], name="freeze_deleted_root")]

    def __str__(self) -> str:
        return f"{self.model}:{self.object_id}"


class ChainLink(models.Model):
    """One link of the chain that shows whether records were touched. Never changed, never deleted."""

    position = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=16, help_text="recorded, restored, forgotten or pruned")
    deletion_id = models.PositiveBigIntegerField(null=True, blank=True, db_index=True)
    note = models.TextField(blank=True, help_text="Which records were pruned.")
    digest = models.CharField(max_length=64, help_text="Of the record as it stood then.")
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["position"]

    def __str__(self) -> str:
        return f"link {self.position}: {self.reason}"
