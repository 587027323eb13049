"""Files: one is sent, is interrupted, goes on, and is shown to the other."""

import base64
import secrets
from pathlib import Path

from playwright.async_api import Route, expect

from tests.browser.people import People
from tests.browser.test_offline import conversation
from tests.browser.test_trouble import FAILED

MIB = 1 << 20
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGNgaPgPQf/BFAAb9wP9m8oRWwAAAABJRU5ErkJggg=="
)


async def cut_uploads(route: Route) -> None:
    """Being offline would leave the connection open that is there."""
    if route.request.method == "POST" and "/v1/" not in route.request.url:
        await route.abort("connectionreset")
    else:
        await route.fallback()


async def test_20_mib_that_are_interrupted_are_sent_when_it_is_asked_for_again(people: People, tmp_path: Path) -> None:
    people.watch.allow(*FAILED)
    alice, bob, _ = await conversation(people)
    film = tmp_path / "film.bin"
    film.write_bytes(secrets.token_bytes(20 * MIB))
    await alice.page.context.route("**", cut_uploads)
    await alice.page.get_by_label("Attach files").last.set_input_files(film)
    uploads = alice.page.get_by_role("list", name="Files on their way")
    await expect(uploads.get_by_role("alert")).to_be_visible()
    await alice.page.context.unroute("**", cut_uploads)
    await uploads.get_by_role("button", name="Try again").click()
    await expect(uploads).to_be_hidden()
    await expect(bob.log.get_by_role("article")).to_contain_text("film.bin")
    async with bob.page.expect_download() as downloading:
        await bob.log.get_by_role("button", name="film.bin").click()
    assert (await (await downloading.value).path()).read_bytes() == film.read_bytes()


async def test_a_picture_is_seen(people: People, tmp_path: Path) -> None:
    alice, bob, _ = await conversation(people)
    picture = tmp_path / "dots.png"
    picture.write_bytes(PICTURE)
    await alice.page.get_by_label("Attach files").last.set_input_files(picture)
    image = bob.log.get_by_role("img", name="Picture: dots.png")
    await expect(image).to_be_visible()
    await expect(image).to_have_js_property("naturalWidth", 2)
