"""The rules of review: frozen values and pure functions, split by what they are about."""
