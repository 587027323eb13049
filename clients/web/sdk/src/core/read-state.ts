import type { DeliveredFrame, ErrorFrame, OkFrame, ReadFrame, ReceiptItem, WireEvent } from "../protocol.js";
import { backoff, earliest, isGatewayError, type Part, type Random, RETRYABLE, type Wake } from "./part.js";

const APART_MS = 1000;
/** The server takes 10 frames a second of this kind, and 30 at once, with pings and what others of one's devices tell. */
const AT_ONCE = 10;
const EACH_MS = 200;

export interface Cursor {
  readonly read_seq: number;
  readonly delivered_seq: number;
}

export interface ReadView {
  /** The highest place that is known. */
  readonly head_seq: number;
  /** The first place that is held; 0: nothing is. */
  readonly low: number;
  readonly read_seq: number;
  readonly delivered_seq: number;
  /** What the server has, as far as is known. */
  readonly told: Cursor;
  readonly unread: number;
  readonly others: Readonly<Record<string, Cursor>>;
}

export type ReadInput =
  | {
      readonly type: "events";
      readonly conversation_id: string;
      readonly low: number;
      readonly events: readonly WireEvent[];
    }
  | {
      readonly type: "synced";
      readonly conversation_id: string;
      readonly head_seq: number;
      readonly read_seq: number;
      readonly unread: number;
    }
  | { readonly type: "receipt"; readonly conversation_id: string; readonly receipts: readonly ReceiptItem[] }
  | { readonly type: "read"; readonly conversation_id: string; readonly seq: number }
  | { readonly type: "gone"; readonly conversation_id: string }
  | { readonly type: "opened" | "closed" }
  | { readonly type: "frame"; readonly frame: object };

export type ReadEffect =
  | { readonly type: "send"; readonly frame: ReadFrame | DeliveredFrame }
  | { readonly type: "unread"; readonly conversation_id: string; readonly unread: number }
  | ({ readonly type: "seen"; readonly conversation_id: string; readonly user_id: string } & Cursor);

export interface ReadStateView {
  readonly conversations: Readonly<Record<string, ReadView>>;
}

type Kind = keyof Cursor;

interface Sent {
  readonly id: string;
  readonly kind: Kind;
  readonly seq: number;
}

/** How one conversation stands. */
class Reading {
  head = 0;
  low = 0;
  own = { read_seq: 0, delivered_seq: 0 };
  told = { read_seq: 0, delivered_seq: 0 };
  unread = 0;
  /** Up to where `unread` counts, while it cannot be counted anew. */
  counted = 0;
  others = new Map<string, Cursor>();
  /** Places above `read_seq` of messages of others that are held. */
  readonly messages = new Set<number>();
  sent: Sent[] = [];
  notBefore = 0;
  failures = 0;

  /** Moves one's own cursor forward. */
  move(kind: Kind, seq: number): void {
    raise(this.own, kind, seq);
    for (const each of this.messages) if (each <= this.own.read_seq) this.messages.delete(each);
  }

  /** Notes what the server has. */
  tell(kind: Kind, seq: number): void {
    raise(this.told, kind, seq);
  }

  count(): void {
    const isHeld = this.low > 0 && this.low <= this.own.read_seq + 1;
    if (isHeld || this.own.read_seq >= this.head) {
      this.unread = this.messages.size;
      this.counted = this.head;
    }
  }

  /** What is to be told next: reading says that it was delivered, too. */
  due(): { kind: Kind; seq: number } | undefined {
    const pending = (kind: Kind) =>
      Math.max(this.told[kind], ...this.sent.map((each) => (covers(each, kind) ? each.seq : 0)));
    for (const kind of ["read_seq", "delivered_seq"] as const) {
      if (this.own[kind] > pending(kind)) return { kind, seq: this.own[kind] };
    }
    return undefined;
  }
}

/** What was read was delivered. */
function raise(cursor: { -readonly [Each in Kind]: number }, kind: Kind, seq: number): void {
  cursor[kind] = Math.max(cursor[kind], seq);
  cursor.delivered_seq = Math.max(cursor.delivered_seq, cursor.read_seq);
}

function covers(sent: Sent, kind: Kind): boolean {
  return sent.kind === "read_seq" || kind === "delivered_seq";
}

/** How far everybody has read, in all conversations. */
export class ReadState implements Part<ReadInput, ReadEffect, ReadStateView> {
  readonly #me: string;
  readonly #conversations = new Map<string, Reading>();
  #open = false;
  #frames = 0;
  /** When all that was sent would have been, one by one. */
  #spentUntil = 0;

  constructor(start: { me: string; conversations?: Readonly<Record<string, ReadView>> }) {
    this.#me = start.me;
    for (const [id, stored] of Object.entries(start.conversations ?? {})) this.#restore(id, stored);
  }

  step(at: number, input: ReadInput | Wake, random: Random): ReadEffect[] {
    const effects: ReadEffect[] = [];
    switch (input.type) {
      case "opened":
        this.#open = true;
        break;
      case "closed":
        this.#open = false;
        for (const each of this.#conversations.values()) each.sent = [];
        break;
      case "frame":
        this.#frame(at, input.frame, random);
        break;
      case "gone":
        this.#conversations.delete(input.conversation_id);
        break;
      case "wake":
        break;
      default:
        effects.push(...this.#change(input));
    }
    return [...effects, ...this.#tell(at)];
  }

  wake(): number | undefined {
    if (!this.#open) return undefined;
    const due = earliest(...[...this.#conversations.values()].map((each) => (each.due() ? each.notBefore : undefined)));
    return due === undefined ? undefined : Math.max(due, this.#freeAt);
  }

  get #freeAt(): number {
    return this.#spentUntil - (AT_ONCE - 1) * EACH_MS;
  }

  view(): ReadStateView {
    return { conversations: Object.fromEntries([...this.#conversations].map(([id, each]) => [id, viewOf(each)])) };
  }

  /** How one conversation stands. */
  of(id: string): ReadView {
    return viewOf(this.#conversations.get(id) ?? new Reading());
  }

  /** How far one has read oneself. */
  readSeq(id: string): number {
    return this.#conversations.get(id)?.own.read_seq ?? 0;
  }

  #restore(id: string, stored: ReadView): void {
    const reading = this.#reading(id);
    reading.head = reading.counted = stored.head_seq;
    reading.own = { read_seq: stored.read_seq, delivered_seq: stored.delivered_seq };
    reading.told = { ...stored.told };
    reading.unread = stored.unread;
    reading.others = new Map(Object.entries(stored.others));
  }

  #reading(id: string): Reading {
    const there = this.#conversations.get(id) ?? new Reading();
    this.#conversations.set(id, there);
    return there;
  }

  #change(input: Extract<ReadInput, { conversation_id: string }>): ReadEffect[] {
    const id = input.conversation_id;
    const reading = this.#reading(id);
    const before = { ...reading.own, unread: reading.unread };
    const effects: ReadEffect[] = [];
    if (input.type === "events") this.#events(reading, input.low, input.events);
    if (input.type === "synced") synced(reading, input);
    if (input.type === "read") reading.move("read_seq", Math.min(input.seq, reading.head));
    if (input.type === "receipt") effects.push(...this.#receipts(id, reading, input.receipts));
    reading.count();
    const { read_seq, delivered_seq } = reading.own;
    if (read_seq > before.read_seq) {
      effects.push({ type: "seen", conversation_id: id, user_id: this.#me, read_seq, delivered_seq });
    }
    if (reading.unread !== before.unread) effects.push({ type: "unread", conversation_id: id, unread: reading.unread });
    return effects;
  }

  #events(reading: Reading, low: number, events: readonly WireEvent[]): void {
    // What is not held any more cannot be counted: `unread` goes on from what it was.
    for (const seq of reading.messages) if (seq < low) reading.messages.delete(seq);
    reading.low = low;
    for (const event of events) {
      reading.head = Math.max(reading.head, event.seq);
      if (event.type !== "message") continue;
      if (event.sender_id === this.#me) {
        reading.move("read_seq", event.seq);
        reading.tell("read_seq", event.seq);
      } else if (event.seq > reading.own.read_seq && !reading.messages.has(event.seq)) {
        reading.messages.add(event.seq);
        if (event.seq > reading.counted) reading.unread += 1;
        reading.move("delivered_seq", event.seq);
      }
    }
    reading.counted = Math.max(reading.counted, reading.head);
  }

  #receipts(id: string, reading: Reading, receipts: readonly ReceiptItem[]): ReadEffect[] {
    return receipts.flatMap(({ user_id, read_seq = 0, delivered_seq = 0 }) => {
      if (user_id === this.#me) {
        reading.move("read_seq", read_seq);
        reading.move("delivered_seq", delivered_seq);
        reading.tell("read_seq", read_seq);
        reading.tell("delivered_seq", delivered_seq);
        return [];
      }
      const before = reading.others.get(user_id) ?? { read_seq: 0, delivered_seq: 0 };
      const read = Math.max(before.read_seq, read_seq);
      const after = { read_seq: read, delivered_seq: Math.max(before.delivered_seq, delivered_seq, read) };
      if (after.read_seq === before.read_seq && after.delivered_seq === before.delivered_seq) return [];
      reading.others.set(user_id, after);
      return [{ type: "seen" as const, conversation_id: id, user_id, ...after }];
    });
  }

  #frame(at: number, frame: object, random: Random): void {
    const answer = frame as OkFrame | ErrorFrame;
    const fromGateway = isGatewayError(frame);
    for (const reading of this.#conversations.values()) {
      for (const sent of reading.sent.filter((each) => fromGateway || each.id === answer.id)) {
        reading.sent = reading.sent.filter((each) => each !== sent);
        if (fromGateway || (answer.type === "error" && RETRYABLE.has(answer.code))) {
          const floor = (!fromGateway && (answer as ErrorFrame).retry_after_ms) || 0;
          const wait = backoff(random, reading.failures++, Math.max(APART_MS, floor));
          reading.notBefore = Math.max(reading.notBefore, at + wait);
        } else {
          reading.failures = 0;
          reading.tell(sent.kind, sent.seq);
        }
      }
    }
  }

  #tell(at: number): ReadEffect[] {
    if (!this.#open) return [];
    const effects: ReadEffect[] = [];
    for (const [conversation_id, reading] of this.#conversations) {
      const due = at >= Math.max(reading.notBefore, this.#freeAt) ? reading.due() : undefined;
      if (!due) continue;
      const id = `r${++this.#frames}`;
      reading.sent.push({ id, ...due });
      reading.notBefore = at + APART_MS;
      this.#spentUntil = Math.max(this.#spentUntil, at) + EACH_MS;
      const action = due.kind === "read_seq" ? "read" : "delivered";
      effects.push({ type: "send", frame: { action, id, conversation_id, seq: due.seq } });
    }
    return effects;
  }
}

function synced(reading: Reading, sync: { head_seq: number; read_seq: number; unread: number }): void {
  reading.head = Math.max(reading.head, sync.head_seq);
  reading.tell("read_seq", sync.read_seq);
  if (sync.read_seq < reading.own.read_seq) return;
  reading.move("read_seq", sync.read_seq);
  const later = [...reading.messages].filter((seq) => seq > sync.head_seq).length;
  reading.unread = sync.unread + later;
  reading.counted = Math.max(reading.counted, sync.head_seq);
}

function viewOf(reading: Reading): ReadView {
  return {
    head_seq: reading.head,
    low: reading.low,
    ...reading.own,
    told: { ...reading.told },
    unread: reading.unread,
    others: Object.fromEntries(reading.others),
  };
}
