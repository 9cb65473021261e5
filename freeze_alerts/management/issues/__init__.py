"""``manage.py issues``, a module a kind of subcommand."""
