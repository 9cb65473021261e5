"""Who deleted what in the admin: recorded with what it took along, and told once."""
