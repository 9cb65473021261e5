"""Errors and payments: captured by sentry-sdk, judged here, told by signals."""
