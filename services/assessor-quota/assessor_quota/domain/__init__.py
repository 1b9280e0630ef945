"""The rules of assessors: who is registered, who is sanctioned, how many items are left."""
