"""A deployment from outside: its public URLs, and where its pushes arrive."""
