"""Sentry as the judge: its rules as code, and its webhooks as our signals."""
