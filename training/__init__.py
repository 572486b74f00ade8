"""How the built-in model is trained, judged and drawn for; the product needs only its weights."""
