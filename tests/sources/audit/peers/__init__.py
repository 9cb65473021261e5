"""The mixin before other people's admin classes, and a second database: in a process of its own."""
