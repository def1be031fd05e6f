"""Adapters: plugins, loaders and publishers, model files, settings; and the composition root."""
