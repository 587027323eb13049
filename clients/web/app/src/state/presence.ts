import type { Natter, PresenceItem } from "@natter/client";
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Inbox } from "./inbox.js";
import { route } from "./route.js";

/** A connection watches so many. */
const MOST = 100;

/** How those are with whom one talks: of the open conversation, then of the latest ones. */
export class PresenceBoard {
  readonly #users = signal<ReadonlyMap<string, PresenceItem>>(new Map());
  readonly #off: (() => void)[];

  constructor(natter: Natter, inbox: Inbox) {
    let watched = "";
    this.#off = [
      natter.on("presence", (users) => {
        this.#users.value = new Map(users.map((user) => [user.user_id, user]));
      }),
      effect(() => {
        const to = route.value;
        const open = to.to === "conversation" || to.to === "info" ? inbox.of(to.id)?.peer : undefined;
        const peers = [open, ...inbox.all.value.map((each) => each.peer)];
        const ids = new Set(peers.flatMap((peer) => (peer && !peer.deleted ? [peer.user_id] : [])));
        const wanted = [...ids].slice(0, MOST).sort();
        if (wanted.join() === watched) return;
        watched = wanted.join();
        natter.watch(wanted);
      }),
    ];
  }

  /** Undefined: nobody knows, or one may not see it. */
  of(userId: string): PresenceItem | undefined {
    return this.#users.value.get(userId);
  }

  get users(): ReadonlySignal<ReadonlyMap<string, PresenceItem>> {
    return this.#users;
  }

  end(): void {
    for (const off of this.#off) off();
  }
}
