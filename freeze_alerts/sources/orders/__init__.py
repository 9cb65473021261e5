"""Orders: what became of the last hour's, and which wait for their payment too long."""
