"""Commands for who runs a deployment."""
