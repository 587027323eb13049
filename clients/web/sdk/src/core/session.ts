import { backoff, earliest, jitter, type Part, type Random, type Wake } from "./part.js";

const PING_EVERY_MS = 240_000;
const PING_JITTER_MS = 60_000;
const PONG_WITHIN_MS = 5000;
/** Connections end after 2 hours: 110 ± 8 minutes. */
const RENEW_MS = 6_120_000;
const RENEW_JITTER_MS = 960_000;
const OPEN_WITHIN_MS = 15_000;
const HEALTHY_MS = 60_000;
const APART_MS = 1000;

export type ConnectionState = "idle" | "connecting" | "open" | "waiting" | "signed_out";

export type SessionInput =
  | { readonly type: "connect" | "disconnect" | "synced" | "nudge" | "signed_out" }
  | { readonly type: "ticket"; readonly url: string }
  | { readonly type: "ticket_failed"; readonly status: number; readonly retry_after_ms?: number }
  | { readonly type: "opened" | "closed"; readonly socket: number }
  | { readonly type: "frame"; readonly socket: number; readonly frame: object };

export type SessionEffect =
  | { readonly type: "ticket" | "inactive" | "sync" }
  | { readonly type: "open"; readonly socket: number; readonly url: string }
  | { readonly type: "close"; readonly socket: number }
  | { readonly type: "active"; readonly socket: number }
  | { readonly type: "send"; readonly socket: number; readonly frame: { action: "ping"; id: string } }
  | { readonly type: "state"; readonly state: ConnectionState; readonly retry_at?: number };

export interface SessionView {
  readonly state: ConnectionState;
  readonly active: number | null;
  readonly sockets: number[];
}

/** One way to a new socket: first a ticket, then the socket that it opens. */
interface Attempt {
  readonly startedAt: number;
  socket?: number;
}

/** The socket's life: at most one is used, and another one opened before it is let go. */
export class Session implements Part<SessionInput, SessionEffect, SessionView> {
  #state: ConnectionState = "idle";
  #sockets: number[] = [];
  #count = 0;
  #pings = 0;
  #active: number | undefined;
  /** Open already, and used as soon as everything is synced. */
  #next: number | undefined;
  #attempt: Attempt | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #retryAt: number | undefined;
  /** Not before: the server said so. */
  #floorAt = 0;
  #failures = 0;
  #healthyAt: number | undefined;
  #pingAt: number | undefined;
  #pongBy: number | undefined;
  #renewAt: number | undefined;
  /** The active one did not answer. */
  #isSilent = false;

  step(at: number, input: SessionInput | Wake, random: Random): SessionEffect[] {
    if (this.#healthyAt !== undefined && this.#healthyAt <= at) {
      this.#failures = 0;
      this.#healthyAt = undefined;
    }
    switch (input.type) {
      case "connect":
        return this.#state === "idle" || this.#state === "signed_out" ? this.#try(at) : [];
      case "disconnect":
        return this.#end("idle");
      case "signed_out":
        return this.#end("signed_out");
      case "ticket":
        return this.#ticket(input.url);
      case "ticket_failed":
        return this.#attempt && this.#attempt.socket === undefined ? this.#fail(at, random, input.retry_after_ms) : [];
      case "opened":
        return this.#opened(at, input.socket, random);
      case "closed":
        return this.#closed(at, input.socket, random);
      case "frame":
        return this.#frame(input.socket, input.frame);
      case "synced":
        return this.#move();
      case "nudge":
        return this.#nudge(at, random);
      case "wake":
        return this.#woken(at, random);
    }
  }

  wake(): number | undefined {
    const openBy = this.#attempt && this.#attempt.startedAt + OPEN_WITHIN_MS;
    return earliest(this.#retryAt, openBy, this.#pingAt, this.#pongBy, this.#renewAt);
  }

  view(): SessionView {
    return { state: this.#state, active: this.#active ?? null, sockets: [...this.#sockets] };
  }

  #try(at: number): SessionEffect[] {
    this.#retryAt = undefined;
    this.#triedAt = at;
    this.#attempt = { startedAt: at };
    return [...(this.#active === undefined ? this.#become("connecting") : []), { type: "ticket" }];
  }

  #become(state: ConnectionState, retryAt?: number): SessionEffect[] {
    if (this.#state === state && retryAt === undefined) return [];
    this.#state = state;
    return [{ type: "state", state, ...(retryAt === undefined ? {} : { retry_at: retryAt }) }];
  }

  #ticket(url: string): SessionEffect[] {
    if (!this.#attempt || this.#attempt.socket !== undefined) return [];
    const socket = ++this.#count;
    this.#attempt.socket = socket;
    this.#sockets.push(socket);
    return [{ type: "open", socket, url }];
  }

  #opened(at: number, socket: number, random: Random): SessionEffect[] {
    if (this.#attempt?.socket !== socket) return [{ type: "close", socket }];
    this.#attempt = undefined;
    this.#healthyAt = at + HEALTHY_MS;
    this.#pongBy = undefined;
    this.#pingAt = at + PING_EVERY_MS + jitter(random, PING_JITTER_MS);
    this.#renewAt = at + RENEW_MS + jitter(random, RENEW_JITTER_MS);
    if (this.#active !== undefined) {
      this.#next = socket;
      return [{ type: "sync" }];
    }
    return [...this.#become("open"), ...this.#use(socket), { type: "sync" }];
  }

  #use(socket: number): SessionEffect[] {
    this.#active = socket;
    this.#isSilent = false;
    return [{ type: "active", socket }];
  }

  /** From the old socket to the new one, when what may have been missed between is there. */
  #move(): SessionEffect[] {
    const [old, next] = [this.#active, this.#next];
    if (old === undefined || next === undefined) return [];
    this.#next = undefined;
    return [...this.#use(next), ...this.#close(old)];
  }

  #close(socket: number): SessionEffect[] {
    this.#sockets = this.#sockets.filter((each) => each !== socket);
    return [{ type: "close", socket }];
  }

  #closed(at: number, socket: number, random: Random): SessionEffect[] {
    if (!this.#sockets.includes(socket)) return [];
    this.#close(socket); // which it is
    if (this.#attempt?.socket === socket) return this.#fail(at, random);
    if (this.#next === socket) {
      this.#next = this.#healthyAt = undefined;
      return this.#fail(at, random);
    }
    if (this.#next !== undefined) {
      const next = this.#next;
      this.#next = undefined;
      return this.#use(next);
    }
    this.#forgetActive();
    const inactive: SessionEffect = { type: "inactive" };
    if (this.#attempt) return [inactive, ...this.#become("connecting")];
    if (this.#retryAt !== undefined) return [inactive, ...this.#become("waiting", this.#retryAt)];
    return [inactive, ...this.#fail(at, random)];
  }

  #forgetActive(): void {
    this.#active = undefined;
    this.#isSilent = false;
    this.#healthyAt = this.#pingAt = this.#pongBy = this.#renewAt = undefined;
  }

  #fail(at: number, random: Random, floor = 0): SessionEffect[] {
    const opening = this.#attempt?.socket;
    const effects: SessionEffect[] = [];
    if (opening !== undefined && this.#sockets.includes(opening)) effects.push(...this.#close(opening));
    this.#attempt = undefined;
    this.#floorAt = at + floor;
    this.#retryAt = at + backoff(random, this.#failures++, floor);
    if (this.#active !== undefined && this.#isSilent) {
      effects.push(...this.#close(this.#active), { type: "inactive" });
      this.#forgetActive();
    }
    return this.#active === undefined ? [...effects, ...this.#become("waiting", this.#retryAt)] : effects;
  }

  #frame(socket: number, frame: { type?: unknown; sync?: unknown }): SessionEffect[] {
    if (!this.#sockets.includes(socket)) return [];
    if (frame.type === "signed_out") return this.#end("signed_out");
    if (socket === this.#active) {
      this.#pongBy = undefined;
      this.#isSilent = false;
    }
    return frame.type === "pong" && frame.sync === true ? [{ type: "sync" }] : [];
  }

  #nudge(at: number, random: Random): SessionEffect[] {
    if (this.#retryAt !== undefined) {
      const soonest = Math.max(this.#triedAt + APART_MS, this.#floorAt);
      if (soonest <= at) return this.#try(at);
      if (soonest >= this.#retryAt) return [];
      this.#retryAt = soonest;
      return this.#active === undefined ? this.#become("waiting", soonest) : [];
    }
    return this.#pongBy === undefined && !this.#isReplacing() ? this.#ping(at, random) : [];
  }

  #isReplacing(): boolean {
    return this.#attempt !== undefined || this.#next !== undefined || this.#retryAt !== undefined;
  }

  #ping(at: number, random: Random): SessionEffect[] {
    if (this.#active === undefined) return [];
    this.#pingAt = at + PING_EVERY_MS + jitter(random, PING_JITTER_MS);
    this.#pongBy = at + PONG_WITHIN_MS;
    return [{ type: "send", socket: this.#active, frame: { action: "ping", id: `p${++this.#pings}` } }];
  }

  #woken(at: number, random: Random): SessionEffect[] {
    const effects: SessionEffect[] = [];
    if (this.#attempt && this.#attempt.startedAt + OPEN_WITHIN_MS <= at) effects.push(...this.#fail(at, random));
    if (this.#retryAt !== undefined && this.#retryAt <= at) effects.push(...this.#try(at));
    if (this.#pongBy !== undefined && this.#pongBy <= at) {
      this.#pongBy = undefined;
      this.#isSilent = true;
      if (!this.#isReplacing()) effects.push(...this.#try(at));
    }
    if (this.#pingAt !== undefined && this.#pingAt <= at) effects.push(...this.#ping(at, random));
    if (this.#renewAt !== undefined && this.#renewAt <= at) {
      this.#renewAt = undefined;
      if (!this.#isReplacing()) effects.push(...this.#try(at));
    }
    return effects;
  }

  #end(state: "idle" | "signed_out"): SessionEffect[] {
    if (this.#state === state) return [];
    const closing = this.#sockets.flatMap((socket) => this.#close(socket));
    const inactive: SessionEffect[] = this.#active === undefined ? [] : [{ type: "inactive" }];
    this.#forgetActive();
    this.#next = this.#attempt = this.#retryAt = undefined;
    this.#failures = 0;
    return [...closing, ...inactive, ...this.#become(state)];
  }
}
