"""``sentry/webhook/``: where Sentry tells us what its rules have found."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.errors.scrub import scrub
from freeze_alerts.sources.sentry import receiver
from freeze_alerts.sources.sentry.receiver import Answer


@csrf_exempt  # it is signed instead, byte for byte
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Take it in, and have it worked off. Nothing is said but a status."""
    try:
        body = request.read(receiver.BODY_LONGEST_BYTES + 1)
    except OSError:  # whoever sent it has left
        return HttpResponse(status=Answer.MALFORMED)
    answer = receiver.receive(request.headers, body, scrub)
    if answer is Answer.TAKEN:
        doorbell.ring()
    return HttpResponse(status=answer)
