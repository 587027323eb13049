import type { Natter, PresenceItem } from "@natter/client";
import { effect, signal } from "@preact/signals";
import { type Inbox, peersOf } from "./inbox.js";
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
        const open = to.to === "conversation" || to.to === "info" ? inbox.of(to.id) : undefined;
        const ids = new Set(peersOf([open, ...inbox.all.value]).map((peer) => peer.user_id));
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

  end(): void {
    for (const off of this.#off) off();
  }
}
