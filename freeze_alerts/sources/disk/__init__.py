"""A filling disk: read, judge, tell."""
