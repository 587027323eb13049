"""Natter's application: domain, use cases, ports, adapters and the entry points that Lambda calls."""

import gc
import os

__version__ = "0.1.0"

if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
    gc.disable()  # nothing is garbage while a function is put together, which `entrypoints.lazily` ends
