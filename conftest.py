pytest_plugins = ["chassis.testing.fixtures"]
