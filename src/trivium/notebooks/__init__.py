"""From a notebook to a module that others can import, test and run."""
