"""The least of a project that a shop could be: Django's own apps, ours, and one with models."""
