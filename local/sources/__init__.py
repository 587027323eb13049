"""Event source mappings, locally: what polls a stream and invokes a function with batches of it."""
