"""Backups that are made, proved, kept, watched and restorable."""
