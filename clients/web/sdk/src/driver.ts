import type { Change } from "./core/changes.js";
import type { Core, CoreEffect, CoreInput, HttpAnswer, Passing } from "./core/core.js";
import { StaleLeader, type Store } from "./store.js";

/** A timer that is late by so much says that the machine slept; in a hidden tab, they come once a minute. */
const SLEPT_MS = 75_000;
const LOOK_EVERY_MS = 15_000;

/** What came of a step: kept already, or only to be shown. */
export type Delta = Change | Passing;

/** As a browser's or Node's own. */
export type SocketMaker = new (url: string) => WebSocket;

export interface DriverParts {
  readonly store: Store;
  readonly epoch: number | undefined;
  readonly WebSocket: SocketMaker;
  call(method: "GET" | "POST", path: string, body?: object): Promise<HttpAnswer>;
  /** In order; what is kept is in the store before. */
  onDeltas(deltas: readonly Delta[]): void;
  /** Another tab leads. */
  onStale(): void;
  /** The store does not take what is to be kept: it is known in this process only. */
  onUnkept(error: unknown): void;
}

/** Runs a core: gives it time and chance, and does what it wants done, in that order. */
export class Driver {
  readonly #parts: DriverParts;
  readonly #core: Core;
  readonly #sockets = new Map<number, WebSocket>();
  #effects: CoreEffect[] = [];
  #isWorking = false;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #watch: ReturnType<typeof setInterval>;
  #looked = Date.now();
  readonly #clock = new Clock();
  /** What the store did not take: it goes with the next. */
  #unkept: Change[] = [];

  constructor(parts: DriverParts, core: Core) {
    this.#parts = parts;
    this.#core = core;
    this.#watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
    unref(this.#watch);
  }

  input(input: CoreInput): void {
    if (this.#isStopped) return;
    this.#effects.push(...this.#core.step(this.#clock.now(), input, Math.random));
    clearTimeout(this.#timer);
    const at = this.#core.wake();
    if (at !== undefined)
      this.#timer = setTimeout(() => this.input({ type: "wake" }), Math.max(0, at - this.#clock.now()));
    void this.#work();
  }

  /** Ends it: nothing is sent, stored or told any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  /** One round after the other, each with one transaction: what is kept is kept before anything else happens. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#effects.length > 0 && !this.#isStopped) {
      const effects = this.#effects;
      this.#effects = [];
      const changes = effects.flatMap((effect) => (effect.type === "change" ? effect.change : []));
      if (changes.length > 0) await this.#keep(changes);
      if (this.#isStopped) break;
      const deltas = effects.flatMap(deltaOf);
      if (deltas.length > 0) this.#parts.onDeltas(deltas);
      for (const effect of effects) this.#carryOut(effect);
    }
    this.#isWorking = false;
  }

  async #keep(changes: readonly Change[]): Promise<void> {
    const all = [...this.#unkept, ...changes];
    try {
      await this.#parts.store.write(all, this.#parts.epoch);
      this.#unkept = [];
    } catch (error) {
      if (this.#isStopped) return;
      this.#unkept = all;
      if (!(error instanceof StaleLeader)) return this.#parts.onUnkept(error);
      this.stop();
      this.#parts.onStale();
    }
  }

  #carryOut(effect: CoreEffect): void {
    switch (effect.type) {
      case "http":
        void this.#ask(effect);
        break;
      case "open":
        this.#open(effect.socket, effect.url);
        break;
      case "close":
        this.#sockets.get(effect.socket)?.close();
        this.#sockets.delete(effect.socket);
        break;
      case "send":
        this.#send(effect.socket, effect.frame);
        break;
      case "change":
      case "tell":
        break;
    }
  }

  async #ask({ id, method, path, body }: Extract<CoreEffect, { type: "http" }>): Promise<void> {
    this.input({ type: "answered", id, ...(await this.#parts.call(method, path, body)) });
  }

  #open(id: number, url: string): void {
    let socket: WebSocket;
    try {
      socket = new this.#parts.WebSocket(url);
    } catch {
      return this.input({ type: "closed", socket: id }); // not a URL that a socket can have
    }
    this.#sockets.set(id, socket);
    socket.onopen = () => this.input({ type: "opened", socket: id });
    socket.onclose = () => {
      this.#sockets.delete(id);
      this.input({ type: "closed", socket: id });
    };
    socket.onmessage = ({ data }) => {
      const frame = frameOf(data);
      if (frame) this.input({ type: "frame", socket: id, frame });
    };
  }

  /** What is lost with a socket that is closing is sent again: its closing is told to the core. */
  #send(id: number, frame: object): void {
    const socket = this.#sockets.get(id);
    if (socket?.readyState === socket?.OPEN) socket?.send(JSON.stringify(frame));
  }

  #look(): void {
    const now = Date.now();
    if (now - this.#looked > LOOK_EVERY_MS + SLEPT_MS) this.input({ type: "nudge" });
    this.#looked = now;
  }
}

/** Milliseconds since the epoch that never go back: where the clock was set back, they go on from there. */
class Clock {
  #carried = 0;
  #last = 0;

  now(): number {
    this.#carried = Math.max(this.#carried, this.#last - Date.now());
    this.#last = Date.now() + this.#carried;
    return this.#last;
  }
}

function deltaOf(effect: CoreEffect): Delta[] {
  if (effect.type === "change") return [effect.change];
  return effect.type === "tell" ? [effect.passing] : [];
}

/** Frames are JSON objects; anything else is nobody's. */
function frameOf(data: unknown): object | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where a timer keeps a process alive, this one does not. */
export function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
