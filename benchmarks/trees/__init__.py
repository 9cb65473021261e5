"""Trees of two leaves each: what the audit's benchmark deletes."""
