"""All wiring of the assessor-quota service."""
