"""The handlers of review: load, decide, save, publish."""
