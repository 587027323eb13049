"""
Logs and metrics of the functions: structured JSON lines and CloudWatch's embedded metric format.

Nothing personal, no message text and no token goes through here: only ids, counts, durations and codes.
"""

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from natter.telemetry.recorder import Recorder

logger = Logger(use_rfc3339=True, utc=True)
recorder = Recorder()
"""What the invocation measures; whoever makes the handler (`natter.entrypoints.lazily`) has it written at the end."""


def configure_logging() -> None:
    """Send what Natter's modules log through the structured logger."""
    copy_config_to_registered_loggers(source_logger=logger, include={"natter"})
    logging.getLogger("natter").propagate = False
