"""Compiled kernels. Importing a module compiles it: go through `compiling.load`."""
