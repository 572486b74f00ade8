"""How this project speaks HTTP: one envelope, one error tree, one list grammar, for all apps."""
