"""What a page should not say: errors on its console, of which refusals by its own CSP are some, and exceptions."""

import re

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, WebError


class Watch:
    """Listens to all pages of some contexts."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._allowed: list[str] = []

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("dialog", self._dialog)

    def allow(self, *patterns: str) -> None:
        """A browser says so itself when requests fail that are meant to fail."""
        self._allowed += patterns

    @property
    def complaints(self) -> list[str]:
        return [said for said in self._heard if not any(re.search(each, said) for each in self._allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "assert"}:
            self._heard.append(f"{message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self._heard.append(f"exception: {error.error.stack or error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        """With somebody who listens, a page would wait for an answer for ever."""
        self._heard.append(f"dialog: {dialog.message}")
        self._dismissing = dialog.dismiss()
