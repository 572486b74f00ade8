"""Files: announced, looked at, stored, linked to, swept."""
