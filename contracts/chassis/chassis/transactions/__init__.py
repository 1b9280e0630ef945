"""Group commit: waiting messages and commands in one transaction, each with its own result."""
