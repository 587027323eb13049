"""Puts `forget_files` together."""

from natter.bootstrap.attachments import attachments
from natter.ports.attachments import Attachments
from natter.settings import ForgetFilesSettings


def forget_files(settings: ForgetFilesSettings) -> Attachments:
    return attachments(settings.attachments)
