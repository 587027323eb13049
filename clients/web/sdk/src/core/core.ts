import type {
  ClientFrame,
  PageAnswer,
  PresenceItem,
  ServerFrame,
  SyncAnswer,
  SyncBody,
  TicketAnswer,
  WireEvent,
} from "../protocol.js";
import { type Call, Calls, failureOf, isUsable } from "./calls.js";
import type { Change, Settings, Stored } from "./changes.js";
import { Outbox, type OutboxEffect, type OutboxInput } from "./outbox.js";
import { earliest, type Random, type Wake } from "./part.js";
import { Presence, type PresenceInput } from "./presence.js";
import { type ReadInput, ReadState } from "./read-state.js";
import { type ConnectionState, Session, type SessionEffect, type SessionInput } from "./session.js";
import { Sync, type SyncEffect, type SyncEntry, type SyncInput } from "./sync.js";
import { Timeline, type TimelineEffect, type TimelineInput } from "./timeline.js";
import { Typing, type TypingInput } from "./typing.js";

/** An answer over HTTP: its status, 0 where there was none. */
export interface HttpAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly retry_after_ms?: number | undefined;
}

export type CoreInput =
  | { readonly type: "connect" | "disconnect" | "nudge" | "signed_out" | "wake" }
  | { readonly type: "opened" | "closed"; readonly socket: number }
  | { readonly type: "frame"; readonly socket: number; readonly frame: object }
  | ({ readonly type: "answered"; readonly id: string } & HttpAnswer)
  | { readonly type: "older"; readonly conversation_id: string }
  | { readonly type: "shorten"; readonly conversation_id: string; readonly keep: number }
  | { readonly type: "typing"; readonly conversation_id: string; readonly did: "keystroke" | "cleared" }
  | Extract<OutboxInput, { type: "write" | "cancel" | "retry" }>
  | Extract<ReadInput, { type: "read" | "receipt" }>
  | Extract<PresenceInput, { type: "watch" | "status" }>;

/** What changed for who looks, and is not stored. */
export type Passing =
  | { readonly kind: "connection"; readonly state: ConnectionState; readonly retry_at?: number }
  | { readonly kind: "typing"; readonly conversation_id: string; readonly user_ids: readonly string[] }
  | { readonly kind: "presence"; readonly users: readonly PresenceItem[] }
  | { readonly kind: "fetched"; readonly conversation_id: string };

export type CoreEffect =
  | Call
  | { readonly type: "open"; readonly socket: number; readonly url: string }
  | { readonly type: "close"; readonly socket: number }
  | { readonly type: "send"; readonly socket: number; readonly frame: ClientFrame }
  | { readonly type: "change"; readonly change: Change }
  | { readonly type: "tell"; readonly passing: Passing };

/** All parts of the core, joined: still without clock, randomness and I/O. */
export class Core {
  readonly #me: string;
  readonly #session = new Session();
  readonly #sync = new Sync();
  readonly #presence = new Presence();
  readonly #outbox: Outbox;
  readonly #readState: ReadState;
  readonly #timelines = new Map<string, Timeline>();
  readonly #typing = new Map<string, Typing>();
  readonly #calls = new Calls();
  /** How far everybody has read, as it was told last. */
  readonly #readings = new Map<string, string>();
  #active: number | undefined;
  #at = 0;
  #random: Random = Math.random;
  #effects: CoreEffect[] = [];

  /** Begins as everything was left. */
  constructor(me: string, stored: Stored) {
    this.#me = me;
    this.#outbox = new Outbox({ entries: stored.entries });
    this.#readState = new ReadState({ me, conversations: stored.readings });
    for (const [id, held] of Object.entries(stored.timelines)) {
      const timeline = new Timeline({ me, stored: held });
      this.#timelines.set(id, timeline);
      const { low } = timeline;
      this.#readState.step(0, { type: "events", conversation_id: id, low, events: held.events }, this.#random);
    }
  }

  /** Something happens at a time; what is to be done about it, in that order. */
  step(at: number, input: CoreInput, random: Random): CoreEffect[] {
    this.#at = at;
    this.#random = random;
    this.#effects = [];
    this.#take(input);
    return this.#effects;
  }

  /** When it wants to be woken. */
  wake(): number | undefined {
    const parts = [this.#session, this.#sync, this.#presence, this.#outbox, this.#readState];
    const times = [...parts, ...this.#timelines.values(), ...this.#typing.values()].map((part) => part.wake());
    return earliest(...times);
  }

  #take(input: CoreInput): void {
    switch (input.type) {
      case "wake":
        return this.#woken();
      case "frame":
        return this.#frame(input.socket, input.frame);
      case "answered":
        return this.#answered(input.id, input);
      case "write":
      case "cancel":
      case "retry":
        return this.#doOutbox(input);
      case "read":
      case "receipt":
        return this.#doReadState(input);
      case "watch":
      case "status":
        return this.#doPresence(input);
      case "older":
      case "shorten":
        return this.#doTimeline(input.conversation_id, input);
      case "typing":
        return this.#doTyping(input.conversation_id, { type: input.did });
      default:
        return this.#doSession(input);
    }
  }

  #woken(): void {
    const wake = { type: "wake" } as const;
    const isDue = (part: { wake(): number | undefined }) => (part.wake() ?? Number.POSITIVE_INFINITY) <= this.#at;
    if (isDue(this.#session)) this.#doSession(wake);
    if (isDue(this.#sync)) this.#doSync(wake);
    for (const [id, timeline] of this.#timelines) if (isDue(timeline)) this.#doTimeline(id, wake);
    if (isDue(this.#outbox)) this.#doOutbox(wake);
    if (isDue(this.#readState)) this.#doReadState(wake);
    for (const [id, typing] of this.#typing) if (isDue(typing)) this.#doTyping(id, wake);
    if (isDue(this.#presence)) this.#doPresence(wake);
  }

  #frame(socket: number, frame: object): void {
    this.#doSession({ type: "frame", socket, frame });
    const known = frame as ServerFrame | { type?: undefined };
    switch (known.type) {
      case "events":
        return this.#live(known.conversation_id, known.events);
      case "receipt":
        return this.#doReadState({ ...known, type: "receipt" });
      case "typing":
        return this.#doTyping(known.conversation_id, { type: "notice", user_id: known.user_id, state: known.state });
      case "settings":
        return this.#settings(known.conversation_id, known);
      case "ack":
        return this.#doOutbox({ type: "frame", frame });
      case "ok":
        return this.#doReadState({ type: "frame", frame });
      case "presence":
      case "pong":
        return this.#doPresence({ type: "frame", frame });
      case "error":
      case undefined:
        this.#doOutbox({ type: "frame", frame });
        this.#doReadState({ type: "frame", frame });
        return this.#doPresence({ type: "frame", frame });
    }
  }

  #live(id: string, events: readonly WireEvent[]): void {
    this.#doTimeline(id, { type: "live", events });
    const speakers = new Set(events.filter((each) => each.type === "message").map((each) => each.sender_id));
    for (const user_id of speakers) this.#doTyping(id, { type: "message", user_id });
  }

  #answered(id: string, answer: HttpAnswer): void {
    const waiting = this.#calls.take(id);
    const { body } = answer;
    const failure = failureOf(answer);
    switch (waiting?.part) {
      case "ticket":
        if (isUsable(answer, "url")) return this.#doSession({ type: "ticket", url: (body as TicketAnswer).url });
        return this.#doSession({ type: "ticket_failed", ...failure });
      case "sync":
        if (isUsable(answer, "conversations")) return this.#doSync({ type: "answer", answer: body as SyncAnswer });
        return this.#doSync({ type: "failed", ...failure });
      case "timeline": {
        const { conversation_id, asked } = waiting;
        if (isUsable(answer, "events"))
          return this.#doTimeline(conversation_id, { type: "page", asked, page: body as PageAnswer });
        return this.#doTimeline(conversation_id, { type: "fetch_failed", asked, ...failure });
      }
    }
  }

  #doSession(input: SessionInput | Wake): void {
    for (const effect of this.#session.step(this.#at, input, this.#random)) this.#sessionEffect(effect);
  }

  #sessionEffect(effect: SessionEffect): void {
    switch (effect.type) {
      case "ticket":
        this.#effects.push(this.#calls.make({ part: "ticket" }, "POST", "/v1/tickets"));
        return;
      case "active":
        if (this.#active !== undefined) this.#socket("closed");
        this.#active = effect.socket;
        return this.#socket("opened");
      case "inactive":
        this.#active = undefined;
        return this.#socket("closed");
      case "sync":
        return this.#doSync({ type: "start", positions: this.#positions() });
      case "state": {
        const { type: _, ...connection } = effect;
        if (effect.state === "idle" || effect.state === "signed_out") this.#stopSync();
        return this.#tell({ kind: "connection", ...connection });
      }
      default:
        this.#effects.push(effect);
    }
  }

  /** There is a socket to send by, or none. */
  #socket(type: "opened" | "closed"): void {
    this.#doOutbox({ type });
    this.#doReadState({ type });
    this.#doPresence({ type });
    for (const id of this.#typing.keys()) this.#doTyping(id, { type });
  }

  #positions(): SyncBody["positions"] {
    const held = [...this.#timelines].filter(([, timeline]) => timeline.position > 0);
    return Object.fromEntries(
      held.map(([id, { position }]) => [id, { seq: position, read_seq: this.#readState.readSeq(id) }]),
    );
  }

  #doSync(input: SyncInput | Wake): void {
    for (const effect of this.#sync.step(this.#at, input, this.#random)) this.#syncEffect(effect);
  }

  #stopSync(): void {
    this.#doSync({ type: "stop" });
    this.#calls.forget("sync");
  }

  #syncEffect(effect: SyncEffect): void {
    switch (effect.type) {
      case "request":
        this.#effects.push(this.#calls.make({ part: "sync" }, "POST", "/v1/sync", effect.body));
        return;
      case "apply":
        for (const entry of effect.conversations) this.#apply(entry);
        return;
      case "done":
        return this.#doSession({ type: "synced" });
    }
  }

  #apply(entry: SyncEntry): void {
    const { conversation_id } = entry;
    if (!("removed" in entry)) {
      const { head_seq, read_seq, unread } = entry;
      this.#doReadState({ type: "synced", conversation_id, head_seq, read_seq, unread });
      this.#settings(conversation_id, entry);
    }
    this.#doTimeline(conversation_id, { type: "synced", entry });
  }

  #settings(conversation_id: string, { muted_until, archived, notify }: Settings): void {
    const settings = { ...(muted_until === undefined ? {} : { muted_until }), archived, notify };
    this.#change({ kind: "settings", conversation_id, settings });
  }

  #doTimeline(id: string, input: TimelineInput | Wake): void {
    const timeline = this.#timelines.get(id) ?? new Timeline({ me: this.#me });
    this.#timelines.set(id, timeline);
    const effects = timeline.step(this.#at, input, this.#random);
    const reset = effects.find((effect) => effect.type === "reset");
    // A hole is what was said a moment ago, too.
    const live = input.type === "live" || (input.type === "page" && input.asked.after !== undefined);
    for (const effect of effects)
      this.#timelineEffect(id, timeline, effect, { ...(reset && { from: reset.from }), live });
    const isIdle = input.type === "older" && !timeline.isFetching;
    if (input.type === "page" || input.type === "fetch_failed" || isIdle)
      this.#tell({ kind: "fetched", conversation_id: id });
  }

  #timelineEffect(id: string, timeline: Timeline, effect: TimelineEffect, how: { from?: number; live: boolean }): void {
    switch (effect.type) {
      case "fetch": {
        const { type: _, limit, ...asked } = effect;
        this.#effects.push(this.#calls.page(id, asked, limit));
        return;
      }
      case "shown": {
        const events = effect.seqs.flatMap((seq) => timeline.at(seq) ?? []);
        this.#change({ kind: "events", conversation_id: id, events, ...how, bounds: timeline.bounds() });
        return this.#doReadState({ type: "events", conversation_id: id, low: timeline.low, events });
      }
      case "placed":
        return this.#doOutbox(effect);
      case "passed_over":
        return this.#doOutbox({ type: "passed_over", conversation_id: id });
      case "gone":
        this.#timelines.delete(id);
        this.#typing.delete(id);
        this.#readings.delete(id);
        this.#change({ kind: "gone", conversation_id: id });
        return this.#doReadState({ type: "gone", conversation_id: id });
    }
  }

  #doOutbox(input: OutboxInput | Wake): void {
    for (const effect of this.#outbox.step(this.#at, input, this.#random)) this.#outboxEffect(effect);
  }

  #outboxEffect(effect: OutboxEffect): void {
    switch (effect.type) {
      case "save":
        return this.#change({ kind: "entry", entry: effect.entry });
      case "forget":
        return this.#change({ kind: "no_entry", client_id: effect.client_id });
      case "send":
        return this.#send(effect.frame);
      case "doubt":
        return this.#doSession({ type: "nudge" });
    }
  }

  #doReadState(input: ReadInput | Wake): void {
    for (const effect of this.#readState.step(this.#at, input, this.#random))
      if (effect.type === "send") this.#send(effect.frame);
    if (!("conversation_id" in input) || input.type === "gone") return;
    const reading = this.#readState.of(input.conversation_id);
    const text = JSON.stringify(reading);
    if (this.#readings.get(input.conversation_id) === text) return;
    this.#readings.set(input.conversation_id, text);
    this.#change({ kind: "reading", conversation_id: input.conversation_id, reading });
  }

  #doPresence(input: PresenceInput | Wake): void {
    for (const effect of this.#presence.step(this.#at, input, this.#random)) {
      if (effect.type === "send") this.#send(effect.frame);
      else this.#tell({ kind: "presence", users: effect.users });
    }
  }

  #doTyping(id: string, input: TypingInput | Wake): void {
    for (const effect of this.#typingOf(id).step(this.#at, input)) {
      if (effect.type === "send") this.#send({ action: "typing", conversation_id: id, state: effect.state });
      else this.#tell({ kind: "typing", conversation_id: id, user_ids: effect.user_ids });
    }
  }

  #typingOf(id: string): Typing {
    const there = this.#typing.get(id);
    if (there) return there;
    const typing = new Typing({ me: this.#me });
    if (this.#active !== undefined) typing.step(this.#at, { type: "opened" });
    this.#typing.set(id, typing);
    return typing;
  }

  #send(frame: ClientFrame): void {
    if (this.#active !== undefined) this.#effects.push({ type: "send", socket: this.#active, frame });
  }

  #change(change: Change): void {
    this.#effects.push({ type: "change", change });
  }

  #tell(passing: Passing): void {
    this.#effects.push({ type: "tell", passing });
  }
}
