"""Policies, tokens, separation of duties, audit records, pseudonyms."""
