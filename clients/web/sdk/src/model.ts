import { type Change, inOrder, Kept, type Settings, type Stored } from "./core/changes.js";
import { type Entry, isSettled } from "./core/outbox.js";
import type { Cursor } from "./core/read-state.js";
import type { ConnectionState } from "./core/session.js";
import type { Delta } from "./driver.js";
import type { Message, OutgoingMessage, PresenceItem, WireEvent } from "./protocol.js";

/** How far a message is: waiting to be sent, in the log, in its place, or refused, with what to do in `error`. */
export type MessageState = "waiting" | "accepted" | "placed" | "refused" | "failed";

/** A message as it is to be shown. */
export interface ShownMessage {
  /** The same as long as the message lives, also while it gets its place. */
  readonly key: string;
  readonly state: MessageState;
  readonly sender_id: string;
  readonly seq?: number;
  readonly client_id?: string;
  readonly at?: number;
  readonly content?: Message["content"] | OutgoingMessage["content"];
  readonly reply_to?: number;
  readonly mentions?: readonly string[];
  readonly edited_at?: number;
  readonly deleted_at?: number;
  readonly reactions?: Message["reactions"];
  readonly error?: Entry["error"];
}

/** How a conversation stands; it never changes, another one takes its place. */
export interface ConversationSnapshot {
  readonly conversation_id: string;
  /** In order; what has no place yet comes last. */
  readonly messages: readonly ShownMessage[];
  /** All events that are held, a run without holes. */
  readonly events: readonly WireEvent[];
  /** Edits, deletions and reactions that have no place yet, or were refused. */
  readonly pending: readonly Entry[];
  /** Whether there is more before what is held. */
  readonly has_older: boolean;
  readonly unread: number;
  readonly read_seq: number;
  /** How far others have read, and what was delivered to them. */
  readonly others: Readonly<Record<string, Cursor>>;
  readonly typing: readonly string[];
  readonly settings: Settings;
}

/** How the connection is: `waiting` tries again at `retry_at`; `idle` and `signed_out` try nothing. */
export interface Connection {
  readonly state: ConnectionState;
  readonly retry_at?: number;
}

/** What this tab knows, made of what was stored and what was told since. */
export class Model {
  readonly #me: string;
  readonly #kept = new Kept();
  readonly #typing = new Map<string, readonly string[]>();
  readonly #snapshots = new Map<string, ConversationSnapshot>();
  /** What was made of each event: the same object as long as it is. */
  readonly #shown = new WeakMap<Message, ShownMessage>();
  connection: Connection = { state: "idle" };
  presence: readonly PresenceItem[] = [];

  constructor(me: string) {
    this.#me = me;
  }

  /** What has to change so that this shows what is stored; changing what is so already does no harm. */
  changesTo(stored: Stored): Change[] {
    const isOther = (entry: Entry) => JSON.stringify(entry) !== JSON.stringify(this.#kept.entries.get(entry.client_id));
    const gone = this.conversations.filter((id) => !stored.timelines[id]);
    const ids = new Set(stored.entries.map((entry) => entry.client_id));
    const placed = this.entries.filter((entry) => !ids.has(entry.client_id));
    return [
      ...gone.map((conversation_id): Change => ({ kind: "gone", conversation_id })),
      ...Object.entries(stored.timelines).map(([conversation_id, { events, ...bounds }]): Change => {
        const held = this.#kept.timelines.get(conversation_id)?.events;
        const first = events[0]?.seq ?? Number.POSITIVE_INFINITY;
        const goesOn = held?.has(first) || held?.has(first - 1);
        return { kind: "events", conversation_id, events, bounds, ...(goesOn ? {} : { from: first }) };
      }),
      ...placed.map(({ client_id }): Change => ({ kind: "no_entry", client_id })),
      ...stored.entries.filter(isOther).map((entry): Change => ({ kind: "entry", entry })),
      ...Object.entries(stored.readings).map(
        ([conversation_id, reading]): Change => ({ kind: "reading", conversation_id, reading }),
      ),
      ...Object.entries(stored.settings).map(
        ([conversation_id, settings]): Change => ({ kind: "settings", conversation_id, settings }),
      ),
    ];
  }

  get conversations(): string[] {
    return [...this.#kept.timelines.keys()];
  }

  /** What one has written in all conversations and has no place yet. */
  get entries(): Entry[] {
    return [...this.#kept.entries.values()];
  }

  /** Takes a change over; the events that are new with it. */
  apply(delta: Delta): WireEvent[] {
    this.#snapshots.delete(this.conversationOf(delta) ?? "");
    if (delta.kind === "connection") {
      const { kind: _, ...connection } = delta;
      this.connection = connection;
    } else if (delta.kind === "presence") this.presence = delta.users;
    else if (delta.kind === "typing") this.#typing.set(delta.conversation_id, delta.user_ids);
    else if (delta.kind !== "fetched") return this.#change(delta);
    return [];
  }

  /** The conversation of a change, if it is of one. */
  conversationOf(delta: Delta): string | undefined {
    if ("conversation_id" in delta) return delta.conversation_id;
    if (delta.kind === "entry") return delta.entry.conversation_id;
    return delta.kind === "no_entry" ? this.#kept.entries.get(delta.client_id)?.conversation_id : undefined;
  }

  snapshot(id: string): ConversationSnapshot {
    const there = this.#snapshots.get(id);
    if (there) return there;
    const snapshot = this.#make(id);
    this.#snapshots.set(id, snapshot);
    return snapshot;
  }

  #change(change: Change): WireEvent[] {
    const events = change.kind === "events" ? this.#fresh(change.conversation_id, change.events) : [];
    this.#kept.apply(change);
    return events;
  }

  /** Those that go on where what is held ends: it is a run, so whatever of it will do to tell. */
  #fresh(id: string, events: readonly WireEvent[]): WireEvent[] {
    const held = this.#kept.timelines.get(id)?.events ?? new Map<number, WireEvent>();
    const [some = 0] = held.keys();
    return events.filter(({ seq }) => seq > some && !held.has(seq));
  }

  #make(id: string): ConversationSnapshot {
    const timeline = this.#kept.timelines.get(id);
    const events = timeline ? inOrder(timeline.events) : [];
    const reading = this.#kept.readings.get(id);
    const entries = this.entries.filter((entry) => entry.conversation_id === id);
    const placed = new Set(events.filter((event) => event.sender_id === this.#me).map((event) => event.client_id));
    const waiting = entries.filter((entry) => !placed.has(entry.client_id));
    return {
      conversation_id: id,
      messages: [
        ...events.flatMap((event) => (event.type === "message" ? [this.#shownEvent(event)] : [])),
        ...waiting.flatMap((entry) => (entry.action === "send" ? [shownEntry(entry, this.#me)] : [])),
      ],
      events,
      pending: waiting.filter((entry) => entry.action !== "send"),
      has_older: events.length === 0 || (events[0] as WireEvent).seq > (timeline?.bounds.first_seq ?? 1),
      unread: reading?.unread ?? 0,
      read_seq: reading?.read_seq ?? 0,
      others: reading?.others ?? {},
      typing: this.#typing.get(id) ?? [],
      settings: this.#kept.settings.get(id) ?? { archived: false, notify: "all" },
    };
  }

  #shownEvent(event: Message): ShownMessage {
    const there = this.#shown.get(event);
    if (there) return there;
    const { type: _, ...message } = event;
    const key =
      message.sender_id === this.#me && message.client_id !== undefined ? message.client_id : String(message.seq);
    const shown = { key, state: "placed" as const, ...message };
    this.#shown.set(event, shown);
    return shown;
  }
}

function shownEntry(entry: Entry & { action: "send" }, me: string): ShownMessage {
  const { content, reply_to, mentions } = entry.fields;
  return {
    key: entry.client_id,
    client_id: entry.client_id,
    sender_id: me,
    state: stateOf(entry),
    content,
    ...(reply_to ? { reply_to } : {}),
    ...(mentions ? { mentions } : {}),
    ...(entry.error ? { error: entry.error } : {}),
  };
}

function stateOf(entry: Entry): MessageState {
  if (isSettled(entry)) return entry.state as MessageState;
  return entry.acked_at === undefined ? "waiting" : "accepted";
}
