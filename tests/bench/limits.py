"""Limits of a stage, changed while something is measured."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from local.cloud import Cloud
from natter.domain.limits import COMMANDS, Bucket

RATES = "NATTER_LIMITS__RATES"
LIFTED = Bucket(COMMANDS.name, rate=100_000, burst=100_000)
"""As good as no limit of what somebody may say."""


@contextmanager
def limited(cloud: Cloud, buckets: Iterable[Bucket]) -> Iterator[None]:
    """Whoever is asked from now on, and starts a process for it, knows these limits, and of the others the usual."""
    rates = {RATES: json.dumps({bucket.name: (bucket.rate, bucket.burst) for bucket in buckets})}
    usual = [function for function in cloud.app.functions if RATES in function.environment]
    cloud.runtime.functions.redefine([replace(each, environment={**each.environment, **rates}) for each in usual])
    try:
        yield
    finally:
        cloud.runtime.functions.redefine(usual)
