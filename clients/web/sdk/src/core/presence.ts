import type { ErrorFrame, PresenceFrame, PresenceItem, StatusFrame, WatchFrame } from "../protocol.js";
import { isGatewayError, jitter, type Part, type Random, RETRYABLE, type Wake } from "./part.js";

const MOST = 100;
/** Whom a connection watches is forgotten after ten minutes. */
const AGAIN_MS = 540_000;
const AGAIN_JITTER_MS = 60_000;
const RETRY_MS = 1000;

export type PresenceStatus = "online" | "away";

export type PresenceInput =
  | { readonly type: "watch"; readonly user_ids: readonly string[] }
  | { readonly type: "status"; readonly state: PresenceStatus }
  | { readonly type: "opened" | "closed" }
  | { readonly type: "frame"; readonly frame: object };

export type PresenceEffect =
  | { readonly type: "send"; readonly frame: WatchFrame | StatusFrame }
  | { readonly type: "presence"; readonly users: PresenceItem[] };

export interface PresenceView {
  readonly watching: string[];
  readonly users: PresenceItem[];
  readonly status: PresenceStatus;
}

/** Whom one watches, how they are, and how one is oneself. */
export class Presence implements Part<PresenceInput, PresenceEffect, PresenceView> {
  #watching: string[] = [];
  #users = new Map<string, PresenceItem>();
  #status: PresenceStatus = "online";
  #open = false;
  #frames = 0;
  /** The `id` of the last `watch`, until it is answered. */
  #asked: string | undefined;
  #againAt: number | undefined;

  step(at: number, input: PresenceInput | Wake, random: Random): PresenceEffect[] {
    switch (input.type) {
      case "watch":
        return this.#want(at, [...new Set(input.user_ids)].slice(0, MOST), random);
      case "status":
        if (input.state === this.#status) return [];
        this.#status = input.state;
        return this.#open ? [this.#tell()] : [];
      case "opened":
        this.#open = true;
        return this.#renew(at, random);
      case "closed":
        this.#open = false;
        this.#asked = this.#againAt = undefined;
        return [];
      case "frame":
        return this.#frame(at, input.frame, random);
      case "wake":
        return this.#againAt !== undefined && this.#againAt <= at ? this.#watch(at, random) : [];
    }
  }

  wake(): number | undefined {
    return this.#againAt;
  }

  view(): PresenceView {
    return { watching: [...this.#watching], users: this.#sorted(), status: this.#status };
  }

  #want(at: number, users: string[], random: Random): PresenceEffect[] {
    const before = this.#watching;
    if (users.length === before.length && users.every((user) => before.includes(user))) return [];
    this.#watching = users;
    const gone = [...this.#users.keys()].filter((user) => !users.includes(user));
    for (const user of gone) this.#users.delete(user);
    return [...(this.#open ? this.#watch(at, random) : []), ...(gone.length > 0 ? [this.#changed()] : [])];
  }

  #renew(at: number, random: Random): PresenceEffect[] {
    const status = this.#status === "away" ? [this.#tell()] : [];
    return [...status, ...(this.#watching.length > 0 ? this.#watch(at, random) : [])];
  }

  #watch(at: number, random: Random): PresenceEffect[] {
    this.#asked = `w${++this.#frames}`;
    const isAnybody = this.#watching.length > 0;
    this.#againAt = isAnybody ? at + AGAIN_MS - jitter(random, AGAIN_JITTER_MS) : undefined;
    return [{ type: "send", frame: { action: "watch", id: this.#asked, user_ids: [...this.#watching] } }];
  }

  #tell(): PresenceEffect {
    return { type: "send", frame: { action: "status", state: this.#status } };
  }

  #frame(at: number, frame: object, random: Random): PresenceEffect[] {
    if (isGatewayError(frame)) return this.#retry(at, 0, random);
    const known = frame as PresenceFrame | ErrorFrame | { type: "pong"; sync?: boolean };
    switch (known.type) {
      case "pong":
        return known.sync ? this.#renew(at, random) : [];
      case "error":
        if (known.id === undefined || known.id !== this.#asked || !RETRYABLE.has(known.code)) return [];
        return this.#retry(at, known.retry_after_ms ?? 0, random);
      case "presence":
        return this.#told(known);
    }
  }

  #retry(at: number, floor: number, random: Random): PresenceEffect[] {
    if (this.#asked === undefined) return [];
    this.#asked = undefined;
    this.#againAt = at + floor + RETRY_MS + jitter(random, RETRY_MS);
    return [];
  }

  #told(frame: PresenceFrame): PresenceEffect[] {
    if (frame.id !== undefined && frame.id !== this.#asked) return [];
    const before = JSON.stringify(this.#sorted());
    if (frame.id !== undefined) {
      this.#asked = undefined;
      this.#users.clear();
    }
    for (const user of frame.users) if (this.#watching.includes(user.user_id)) this.#users.set(user.user_id, user);
    return JSON.stringify(this.#sorted()) === before ? [] : [this.#changed()];
  }

  #changed(): PresenceEffect {
    return { type: "presence", users: this.#sorted() };
  }

  #sorted(): PresenceItem[] {
    return [...this.#users.values()].sort((a, b) => (a.user_id < b.user_id ? -1 : 1));
  }
}
