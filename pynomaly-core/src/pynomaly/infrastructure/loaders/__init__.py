"""Loaders of the core: files, standard input, and what is in memory."""
