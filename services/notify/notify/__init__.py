"""Notices to everyone concerned: in-app inbox, public board, e-mail."""
