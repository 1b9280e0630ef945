pytest_plugins = ["devkit.fixtures"]
