"""A page whose socket is fed by itself: as much comes as it can show, and no server is asked."""

from dataclasses import dataclass

from tests.browser.people import People, Window

SOCKET = """(() => {
  globalThis.WebSocket = class extends WebSocket {
    constructor(...how) {
      super(...how);
      globalThis.socket = this;
    }
    send(text) {
      if (!globalThis.isFed) return super.send(text);
      const { action, id } = JSON.parse(text);
      const data = JSON.stringify({ type: action === "ping" ? "pong" : "ok", id });
      if (id !== undefined) setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
})()"""
"""The page's socket is at hand, and from when it is fed it tells the server nothing, and says yes to everything."""
FEED = """async ({ conversation_id, sender_id, times, count, burst, is_shown }) => {
  globalThis.isFed = true;
  globalThis.seq ??= Math.max(...[...document.querySelectorAll("[data-seq]")].map(each => Number(each.dataset.seq)));
  for (let time = 0; time < times; time++) {
    for (let sent = 0; sent < count; sent += burst) {
      const events = Array.from({ length: burst }, () => {
        const text = `${++seq}: ${"word ".repeat(1 + (seq % 20))}`;
        const content = { type: "text", text };
        return { seq, type: "message", at: Date.now(), sender_id, client_id: `f${seq}`, content };
      });
      const data = JSON.stringify({ type: "events", conversation_id, events });
      socket.dispatchEvent(new MessageEvent("message", { data }));
    }
    const began = performance.now();
    while (is_shown && !document.querySelector(`[data-seq="${seq}"]`)) {
      if (performance.now() - began > 10_000) throw new Error(`${seq} is not shown`);
      await new Promise(requestAnimationFrame);
    }
  }
}"""


@dataclass(frozen=True)
class Fed:
    """Somebody who looks at a conversation, and what comes there."""

    window: Window
    conversation_id: str
    sender_id: str

    async def hears(self, times: int, *, at_once: int, burst: int, is_shown: bool = True) -> None:
        """So many times `at_once` messages, in frames of `burst`, each when those before are there (`is_shown`)."""
        whose = {"conversation_id": self.conversation_id, "sender_id": self.sender_id}
        how = {"times": times, "count": at_once, "burst": burst, "is_shown": is_shown}
        await self.window.page.evaluate(FEED, whose | how)


async def fed(people: People) -> Fed:
    device = await people.device()
    await device.add_init_script(SOCKET)
    alice = await people.sign_in(await people.api.sign_up("alice"), "Alice", device)
    bob = await people.api.sign_up("bob")
    group = await bob.group(alice.user)
    await (await bob.connect()).say(group, "It begins")
    await alice.open(group)
    await alice.sees("It begins")
    return Fed(alice, group, bob.user_id)
