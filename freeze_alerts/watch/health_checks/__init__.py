"""What is looked at for health, a file each: one function that reads what is stored, and the pure judge of it."""
