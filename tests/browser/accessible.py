"""axe-core over what a page shows."""

from typing import Any

from playwright.async_api import Page

from tests.browser.chromium import axe

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Page) -> list[str]:
    """A line for each element that breaks a rule."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe())
    found: Any = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(({violations}) => violations)",
        RULES,
    )
    return [
        f"{each['id']} ({each['impact']}): {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]
