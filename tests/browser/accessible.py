"""axe-core over what a page shows."""

from typing import Any

from playwright.async_api import Page

from tests.browser.chromium import axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


COLOURS = ["color-contrast", "link-in-text-block"]
"""What can be otherwise in another theme."""


async def violations(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """A line for each element that breaks a rule: one of `rules`, by default of all that there are for our `TAGS`."""
    wanted = {"type": "tag", "values": TAGS} if rules is None else {"type": "rule", "values": rules}
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe())
    found: Any = await page.evaluate(
        "runOnly => axe.run(document, {runOnly, resultTypes: ['violations']}).then(({violations}) => violations)",
        wanted,
    )
    return [
        f"{each['id']} ({each['impact']}): {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]
