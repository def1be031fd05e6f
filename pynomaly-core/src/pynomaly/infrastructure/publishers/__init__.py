"""Publishers of the core: files, and stdout."""
