"""A zoo of models: one of each kind that a delete can take along, and that must come back as it was."""
