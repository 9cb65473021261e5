"""The mixin before other people's admin classes, and a second database: with settings, and in a process, of its own."""
