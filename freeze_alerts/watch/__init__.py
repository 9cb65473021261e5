"""Who watches the watching: heartbeats, the loop that needs neither Celery nor Redis, health, and pings outside."""
