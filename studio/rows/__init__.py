"""What the API says of the studio's rows."""
