/** A client, a server and all that may go wrong between them, driven by a list of numbers. */

import { Kept } from "../src/core/changes.js";
import { Core, type CoreEffect, type CoreInput } from "../src/core/core.js";
import type { Entry } from "../src/core/outbox.js";
import type { ClientFrame } from "../src/protocol.js";
import { CHAT, eventsFrame, ME, Server } from "./server.js";

type Http = Extract<CoreEffect, { type: "http" }>;

export class World {
  readonly server = new Server();
  readonly kept = new Kept();
  readonly written: string[] = [];
  core = new Core(ME, this.kept.stored());
  now = 1_000_000;
  #sockets = new Set<number>();
  /** Frames on their way to the server, also of sockets that have closed, and to the client. */
  up: { socket: number; frame: ClientFrame }[] = [];
  down: { socket: number; frame: object }[] = [];
  calls: Http[] = [];
  /** Sockets of one core are numbered anew after a crash: what belongs to the one before is nobody's. */
  #crashes = 0;
  #opening: { socket: number; crashes: number }[] = [];

  constructor() {
    this.input({ type: "connect" });
  }

  /** Something happens to the client; with `survives`, it crashes after so many effects. */
  input(input: CoreInput, survives = Number.POSITIVE_INFINITY): void {
    const effects = this.core.step(this.now, input, Math.random);
    for (const effect of effects.slice(0, survives)) this.#carryOut(effect);
    if (effects.length > survives) this.crash();
  }

  crash(): void {
    this.#crashes += 1;
    this.#sockets.clear();
    this.down = [];
    this.calls = [];
    this.core = new Core(ME, this.kept.stored());
    this.input({ type: "connect" });
  }

  /** Somebody writes: committed, then handed over, unless it crashes between. */
  write(entry: Omit<Entry, "client_id" | "state" | "conversation_id">, survives?: number): void {
    const client_id = `k${this.written.length}`;
    const written = { client_id, conversation_id: CHAT, state: "queued", ...entry } as Entry;
    this.written.push(client_id);
    this.kept.apply({ kind: "entry", entry: written });
    if (survives === 0) this.crash();
    else this.input({ type: "write", entry: written }, survives);
  }

  /** The other one does something. */
  other(frame: ClientFrame): void {
    this.#post(this.server.accept("ben", frame).events);
  }

  #post(events: ReturnType<Server["accept"]>["events"]): void {
    if (events.length === 0) return;
    for (const socket of this.#sockets) this.down.push({ socket, frame: eventsFrame(events) });
  }

  closeAll(): void {
    for (const socket of [...this.#sockets]) this.close(socket);
  }

  close(socket: number): void {
    if (!this.#sockets.delete(socket)) return;
    this.down = this.down.filter((each) => each.socket !== socket);
    this.input({ type: "closed", socket });
  }

  /** The server takes a frame, and answers as `how` says. */
  take(index: number, how: "ack" | "lost" | "unavailable" | "half" | "gateway"): void {
    const [taken] = this.up.splice(index, 1);
    if (!taken) return;
    const { socket, frame } = taken;
    const answer = (answered: object) => this.#sockets.has(socket) && this.down.push({ socket, frame: answered });
    const id = frame.id ?? undefined;
    if (how === "gateway") return void answer({ message: "Internal server error", connectionId: "x", requestId: "y" });
    if (how === "unavailable") return void answer({ type: "error", id, code: "unavailable", detail: "" });
    if (frame.action === "ping") return void answer({ type: "pong", id, at: 1 });
    if (frame.action === "read" || frame.action === "delivered") return void answer({ type: "ok", id });
    if (frame.action === "watch") return void answer({ type: "presence", id, users: [] });
    const { events, refused } = this.server.accept(ME, frame);
    const ids =
      "messages" in frame
        ? frame.messages.map((each) => each.client_id)
        : "client_id" in frame
          ? [frame.client_id]
          : [];
    if (how === "ack")
      answer({ type: "ack", id, conversation_id: CHAT, accepted: ids.map((client_id) => ({ client_id, at: 1 })) });
    if (how === "half") answer({ type: "error", id, code: "internal", detail: "" });
    if (refused.length > 0)
      answer({ type: "error", code: "gone", detail: "", conversation_id: CHAT, client_ids: refused });
    if (how !== "lost") this.#post(events);
  }

  /** What is on its way arrives at the client. */
  deliver(index: number, survives?: number): void {
    const [arrived] = this.down.splice(index, 1);
    if (arrived) this.input({ type: "frame", ...arrived }, survives);
  }

  answer(index: number, status: number, survives?: number): void {
    const [call] = this.calls.splice(index, 1);
    if (!call) return;
    const body = status === 200 ? this.#respond(call) : undefined;
    this.input({ type: "answered", id: call.id, status, ...(body ? { body } : {}) }, survives);
  }

  /** Time goes on, to when the client wants to be woken at most. */
  sleep(ms: number): void {
    const wake = this.core.wake();
    this.now = wake === undefined ? this.now + ms : Math.max(this.now, Math.min(wake, this.now + ms));
    if (wake !== undefined && wake <= this.now) this.input({ type: "wake" });
  }

  /** Nothing goes wrong any more, until there is nothing left to do. */
  heal(): void {
    for (let round = 0; round < 300; round++) {
      this.open();
      while (this.calls.length > 0) this.answer(0, 200);
      this.open();
      while (this.up.length > 0) this.take(0, "ack");
      while (this.down.length > 0) this.deliver(0);
      if (this.#isQuiet() && this.calls.length + this.up.length + this.down.length === 0) return;
      this.sleep(Number.POSITIVE_INFINITY);
    }
    throw new Error("it does not come to rest");
  }

  #isQuiet(): boolean {
    const waiting = [...this.kept.entries.values()].some((entry) => entry.state !== "refused");
    return !waiting && this.positionOf() === this.server.head;
  }

  positionOf(): number {
    return Math.max(0, ...(this.kept.timelines.get(CHAT)?.events.keys() ?? []));
  }

  #respond(call: Http): object {
    if (call.path === "/v1/tickets") return { ticket: "t", expires_in: 30, url: "ws://x" };
    if (call.path === "/v1/sync") return this.server.sync(call.body as never);
    const query = new URLSearchParams(call.path.split("?")[1]);
    const number = (name: string) => (query.has(name) ? { [name]: Number(query.get(name)) } : {});
    return this.server.page({ limit: Number(query.get("limit")), ...number("after"), ...number("before") });
  }

  #carryOut(effect: CoreEffect): void {
    switch (effect.type) {
      case "http":
        this.calls.push(effect);
        break;
      case "open": {
        this.#sockets.add(effect.socket);
        this.#opening.push({ socket: effect.socket, crashes: this.#crashes });
        break;
      }
      case "close":
        this.#sockets.delete(effect.socket);
        this.down = this.down.filter((each) => each.socket !== effect.socket);
        break;
      case "send":
        if (this.#sockets.has(effect.socket)) this.up.push({ socket: effect.socket, frame: effect.frame });
        break;
      case "change":
        this.kept.apply(effect.change);
        break;
      case "tell":
        break;
    }
  }

  /** Sockets that were asked for open. */
  open(): void {
    for (const { socket, crashes } of this.#opening.splice(0)) {
      if (crashes === this.#crashes && this.#sockets.has(socket)) this.input({ type: "opened", socket });
    }
  }
}
