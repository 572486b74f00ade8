"""How staff sign in to the Django admin."""
