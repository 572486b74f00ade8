"""A password hasher for tests that are not about hashing."""

from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.hashing import OutsideTransactions


class QuickArgon2PasswordHasher(OutsideTransactions, Argon2PasswordHasher):
    """Argon2 with the least work: the real one takes a quarter of a second and 100 MiB, on purpose."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
