"""Pages of our own outside the admin: the runbook."""
