"""Writes every file that is generated from the code: schemas, API documents, broker definitions, dashboards."""
