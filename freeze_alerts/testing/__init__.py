"""A strict stand-in for Discord's webhook API, and pytest fixtures. Standard library only."""
