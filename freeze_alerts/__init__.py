"""Alerts one person can trust at three in the morning."""

__version__ = "0.1.0"
