"""What health tells, a module a room: functions that give conditions, named in ``watch.health.CONDITIONS``."""
