"""Register of assessors and their items of the year (Art. 27 to 32)."""
