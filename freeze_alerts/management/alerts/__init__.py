"""What ``manage.py alerts`` does, subcommand by subcommand."""
