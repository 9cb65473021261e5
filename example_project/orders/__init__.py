"""What the shop sells, to whom, and whether it was paid."""
