class ProvisionFailed(Exception):
    """What an engine holds cannot become what the template says; the message says how to go on."""
