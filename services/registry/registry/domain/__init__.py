"""The rules of lists, register and bans: frozen values and pure functions."""
