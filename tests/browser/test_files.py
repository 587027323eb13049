"""Files: one is sent, is interrupted, goes on, and is shown to the other."""

import base64
import secrets
from pathlib import Path

from playwright.async_api import expect

from tests.browser.people import People
from tests.browser.test_offline import conversation
from tests.browser.test_trouble import FAILED

MIB = 1 << 20
UNDER_WAY = """async () => {
  const share = () => document.querySelector(".uploads progress")?.value ?? 0;
  while (share() < 0.1) await new Promise(resolve => setTimeout(resolve, 20));
}"""
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 8 * MIB}
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGNgaPgPQf/BFAAb9wP9m8oRWwAAAABJRU5ErkJggg=="
)


async def test_20_mib_that_are_interrupted_are_sent_when_it_is_asked_for_again(people: People, tmp_path: Path) -> None:
    people.watch.allow(*FAILED)
    alice, bob, _ = await conversation(people)
    film = tmp_path / "film.bin"
    film.write_bytes(secrets.token_bytes(20 * MIB))
    context = alice.page.context
    network = await context.new_cdp_session(alice.page)
    await network.send("Network.emulateNetworkConditions", SLOW)
    await alice.page.get_by_label("Attach files").last.set_input_files(film)
    uploads = alice.page.get_by_role("list", name="Files on their way")
    await alice.page.evaluate(UNDER_WAY)
    await context.set_offline(True)
    await expect(uploads.get_by_role("alert")).to_be_visible()
    await context.set_offline(False)
    await network.send("Network.emulateNetworkConditions", SLOW | {"uploadThroughput": -1})
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
