"""What ``manage.py backup_database`` can do, an action a module."""
