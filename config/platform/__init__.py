"""What every app builds on: the links to Redis and the disk, background work, mail, logs, hooks. It knows no app."""
