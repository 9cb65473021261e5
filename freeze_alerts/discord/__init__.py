"""Discord's webhook API: cards become payloads, payloads are posted, answers become values."""
