import type { AckFrame, ClientFrame, ErrorFrame, OutgoingMessage } from "../protocol.js";
import { backoff, earliest, isGatewayError, type Part, type Random, RETRYABLE, type Wake } from "./part.js";

const MESSAGES_PER_FRAME = 20;
const BYTES_PER_FRAME = 32 * 1024;
/** What is measured alone is measured with this, so that it fits whatever its frame's number will be. */
const LONGEST_ID = "o".repeat(16);
const DOUBT_MS = 10_000;
/** API Gateway lets a function run for 29 s: what has no answer by then gets none. */
const UNANSWERED_MS = 30_000;
const PLACED_WITHIN_MS = 15_000;
const LONGEST_PLACED_WITHIN_MS = 300_000;
/** The same client_id is the same event for 7 days; an hour is for frames under way and clocks that differ. */
const EXPIRES_MS = (7 * 24 - 1) * 60 * 60 * 1000;
/** What they say of one command of a frame holds for all of it. */
const OF_THE_CONVERSATION = new Set(["not_member", "forbidden"]);

export type Command =
  | { readonly action: "send"; readonly fields: Omit<OutgoingMessage, "client_id"> }
  | { readonly action: "edit" | "delete" | "react"; readonly fields: Readonly<Record<string, unknown>> };

export type EntryState = "queued" | "in_flight" | "acked" | "refused" | "failed";

export type Entry = Command & {
  readonly client_id: string;
  readonly conversation_id: string;
  readonly state: EntryState;
  readonly first_sent_at?: number;
  readonly acked_at?: number;
  readonly error?: { readonly code: string; readonly detail?: string };
};

/** Whether an entry, or the message it became, was refused or failed: it is tried again by whoever wrote it, or never. */
export function isSettled({ state }: { readonly state: string }): boolean {
  return state === "refused" || state === "failed";
}

export type OutboxInput =
  | { readonly type: "write"; readonly entry: Entry }
  | { readonly type: "opened" | "closed" }
  | { readonly type: "frame"; readonly frame: object }
  | { readonly type: "placed"; readonly client_ids: readonly string[] }
  | { readonly type: "passed_over"; readonly conversation_id: string }
  | { readonly type: "cancel"; readonly client_id: string }
  | { readonly type: "retry"; readonly client_id: string; readonly as: string };

export type OutboxEffect =
  | { readonly type: "save"; readonly entry: Entry }
  | { readonly type: "forget"; readonly client_id: string }
  | { readonly type: "send"; readonly frame: ClientFrame }
  | { readonly type: "doubt" };

export interface OutboxView {
  readonly entries: Entry[];
}

interface Item {
  entry: Entry;
  /** It was in a frame that was refused for one of several: it goes by itself. */
  alone: boolean;
  ackedAt: number | undefined;
  /** How often it was sent again for want of a place. */
  again: number;
}

interface UnderWay {
  readonly id: string;
  readonly items: readonly Item[];
  readonly sentAt: number;
  doubted: boolean;
}

interface Lane {
  underWay?: UnderWay;
  holdUntil: number;
  failures: number;
}

/** What was written and has no place in the log yet. */
export class Outbox implements Part<OutboxInput, OutboxEffect, OutboxView> {
  readonly #items = new Map<string, Item>();
  readonly #lanes = new Map<string, Lane>();
  #open = false;
  #frames = 0;
  #now = 0;

  constructor(start: { entries: readonly Entry[] }) {
    for (const entry of start.entries) this.#add(entry);
  }

  step(at: number, input: OutboxInput | Wake, random: Random): OutboxEffect[] {
    this.#now = at;
    const effects = this.#take(at, input, random);
    return [...effects, ...this.#flush(at)];
  }

  wake(): number | undefined {
    if (!this.#open) return undefined;
    const times: (number | undefined)[] = [];
    for (const [conversation, lane] of this.#lanes) {
      const frame = lane.underWay;
      if (frame) times.push(frame.sentAt + (frame.doubted ? UNANSWERED_MS : DOUBT_MS));
      else if (lane.holdUntil > this.#now && this.#queued(conversation).length > 0) times.push(lane.holdUntil);
    }
    for (const item of this.#items.values()) times.push(placeDue(item));
    return earliest(...times);
  }

  view(): OutboxView {
    return { entries: [...this.#items.values()].map((item) => item.entry) };
  }

  #take(at: number, input: OutboxInput | Wake, random: Random): OutboxEffect[] {
    switch (input.type) {
      case "write":
        return this.#write(input.entry);
      case "opened":
        this.#open = true;
        this.#askForPlaces((item) => (placeDue(item) ?? Number.POSITIVE_INFINITY) <= at);
        return [];
      case "closed":
        this.#open = false;
        for (const lane of this.#lanes.values()) queueAgain(lane);
        return [];
      case "frame":
        return this.#frame(at, input.frame, random);
      case "placed":
        return input.client_ids.flatMap((id) => this.#forget(id));
      case "passed_over":
        this.#askForPlaces((item) => item.entry.conversation_id === input.conversation_id);
        return [];
      case "cancel":
        return this.#isSettled(input.client_id, "queued") ? this.#forget(input.client_id) : [];
      case "retry":
        return this.#isSettled(input.client_id) ? this.#retry(input.client_id, input.as) : [];
      case "wake":
        return this.#woken(at, random);
    }
  }

  #add(entry: Entry): Item {
    const item = { entry, alone: false, ackedAt: entry.acked_at, again: 0 };
    this.#items.set(entry.client_id, item);
    if (!this.#lanes.has(entry.conversation_id)) this.#lanes.set(entry.conversation_id, { holdUntil: 0, failures: 0 });
    return item;
  }

  #write(entry: Entry): OutboxEffect[] {
    if (this.#items.has(entry.client_id)) return [];
    const item = this.#add(entry);
    if (bytes(frameOf(LONGEST_ID, [item])) <= BYTES_PER_FRAME) return [];
    return [this.#settle(item, "refused", { code: "too_large" })];
  }

  #retry(old: string, as: string): OutboxEffect[] {
    const { entry } = this.#items.get(old) as Item;
    const { first_sent_at: _, acked_at: __, error: ___, ...rest } = entry;
    const anew: Entry = { ...rest, client_id: as, state: "queued" };
    return [{ type: "save", entry: anew }, ...this.#forget(old), ...this.#write(anew)];
  }

  #isSettled(id: string, also?: EntryState): boolean {
    const entry = this.#items.get(id)?.entry;
    return entry !== undefined && (entry.state === also || isSettled(entry));
  }

  #forget(id: string): OutboxEffect[] {
    return this.#items.delete(id) ? [{ type: "forget", client_id: id }] : [];
  }

  #settle(item: Item, state: "refused" | "failed", error: Entry["error"]): OutboxEffect {
    item.entry = { ...item.entry, state, error };
    return { type: "save", entry: item.entry };
  }

  #frame(at: number, frame: object, random: Random): OutboxEffect[] {
    if (isGatewayError(frame)) {
      const busy = [...this.#lanes.values()].filter((lane) => lane.underWay);
      busy.sort((a, b) => numberOf(a) - numberOf(b));
      for (const lane of busy) this.#hold(at, lane, 0, random);
      return [];
    }
    const known = frame as AckFrame | ErrorFrame;
    if (known.type === "ack") return this.#acked(at, known);
    return known.type === "error" ? this.#error(at, known, random) : [];
  }

  #acked(at: number, frame: AckFrame): OutboxEffect[] {
    const lane = this.#laneOf(frame.id);
    if (lane) {
      queueAgain(lane);
      lane.failures = 0;
    }
    return frame.accepted.flatMap(({ client_id }) => {
      const item = this.#items.get(client_id);
      if (!item || this.#isSettled(client_id)) return [];
      item.ackedAt = at;
      item.entry = { ...item.entry, state: "acked", acked_at: item.entry.acked_at ?? at };
      return [{ type: "save", entry: item.entry }];
    });
  }

  #error(at: number, frame: ErrorFrame, random: Random): OutboxEffect[] {
    const error = { code: frame.code, detail: frame.detail };
    if (frame.id === undefined) {
      const refused = (frame.client_ids ?? []).map((id) => this.#items.get(id));
      return refused.flatMap((item) => (item ? [this.#settle(item, "refused", error)] : []));
    }
    const lane = this.#laneOf(frame.id);
    if (!lane?.underWay) return [];
    if (RETRYABLE.has(frame.code) || frame.code === "unauthenticated" || frame.retry_after_ms !== undefined) {
      this.#hold(at, lane, frame.retry_after_ms ?? 0, random);
      return [];
    }
    const { items } = lane.underWay;
    queueAgain(lane);
    lane.failures = 0;
    const held = items.filter((item) => this.#items.has(item.entry.client_id) && item.entry.state === "queued");
    if (items.length === 1 || OF_THE_CONVERSATION.has(frame.code)) {
      return held.map((item) => this.#settle(item, "refused", error));
    }
    for (const item of held) item.alone = true;
    return [];
  }

  #laneOf(id: string | undefined): Lane | undefined {
    return id === undefined ? undefined : [...this.#lanes.values()].find((lane) => lane.underWay?.id === id);
  }

  #hold(at: number, lane: Lane, floor: number, random: Random): void {
    queueAgain(lane);
    lane.holdUntil = at + backoff(random, lane.failures++, floor);
  }

  #askForPlaces(which: (item: Item) => boolean): void {
    for (const item of this.#items.values()) {
      if (item.entry.state !== "acked" || !which(item)) continue;
      item.again += 1;
      item.entry = { ...item.entry, state: "queued" };
    }
  }

  #woken(at: number, random: Random): OutboxEffect[] {
    if (!this.#open) return [];
    const effects: OutboxEffect[] = [];
    for (const lane of this.#lanes.values()) {
      const frame = lane.underWay;
      if (!frame) continue;
      if (at >= frame.sentAt + UNANSWERED_MS) this.#hold(at, lane, 0, random);
      else if (!frame.doubted && at >= frame.sentAt + DOUBT_MS) {
        frame.doubted = true;
        effects.push({ type: "doubt" });
      }
    }
    this.#askForPlaces((item) => (placeDue(item) ?? Number.POSITIVE_INFINITY) <= at);
    return effects;
  }

  #queued(conversation: string): Item[] {
    return [...this.#items.values()].filter(
      ({ entry }) => entry.conversation_id === conversation && entry.state === "queued",
    );
  }

  #flush(at: number): OutboxEffect[] {
    if (!this.#open) return [];
    const effects: OutboxEffect[] = [];
    const waiting = new Set([...this.#items.values()].filter(isQueued).map(({ entry }) => entry.conversation_id));
    for (const conversation of waiting) {
      const lane = this.#lanes.get(conversation) as Lane;
      if (!lane.underWay && lane.holdUntil <= at) effects.push(...this.#send(at, conversation, lane));
    }
    return effects;
  }

  #send(at: number, conversation: string, lane: Lane): OutboxEffect[] {
    const effects: OutboxEffect[] = [];
    const queued = this.#queued(conversation).filter((item) => {
      if (at < (item.entry.first_sent_at ?? at) + EXPIRES_MS) return true;
      if (item.entry.acked_at !== undefined) effects.push(...this.#forget(item.entry.client_id));
      else effects.push(this.#settle(item, "failed", { code: "expired" }));
      return false;
    });
    if (queued.length === 0) return effects;
    const id = `o${++this.#frames}`;
    const items = together(id, queued);
    for (const item of items) {
      if (item.entry.first_sent_at === undefined) {
        item.entry = { ...item.entry, first_sent_at: at };
        effects.push({ type: "save", entry: item.entry });
      }
      item.entry = { ...item.entry, state: "in_flight" };
    }
    lane.underWay = { id, items, sentAt: at, doubted: false };
    return [...effects, { type: "send", frame: frameOf(id, items) }];
  }
}

/** What of it goes in one frame: the first command, and the messages right behind a message. */
function together(id: string, queued: readonly Item[]): Item[] {
  const first = queued[0] as Item;
  if (first.entry.action !== "send" || first.alone) return [first];
  const items = [first];
  let size = bytes(frameOf(id, items));
  for (const item of queued.slice(1, MESSAGES_PER_FRAME)) {
    if (item.entry.action !== "send" || item.alone) break;
    size += bytes(messageOf(item)) + 1;
    if (size > BYTES_PER_FRAME) break;
    items.push(item);
  }
  return items;
}

function frameOf(id: string, items: readonly Item[]): ClientFrame {
  const { action, conversation_id, client_id, fields } = (items[0] as Item).entry;
  if (action === "send") return { action, id, conversation_id, messages: items.map(messageOf) };
  return { action, id, conversation_id, client_id, ...fields } as ClientFrame;
}

function messageOf({ entry }: Item): OutgoingMessage {
  return { client_id: entry.client_id, ...(entry.fields as Omit<OutgoingMessage, "client_id">) };
}

function bytes(value: object): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

function placeDue({ entry, ackedAt, again }: Item): number | undefined {
  if (entry.state !== "acked" || ackedAt === undefined) return undefined;
  return ackedAt + Math.min(PLACED_WITHIN_MS * 2 ** again, LONGEST_PLACED_WITHIN_MS);
}

function isQueued({ entry }: Item): boolean {
  return entry.state === "queued";
}

function numberOf(lane: Lane): number {
  return Number(lane.underWay?.id.slice(1));
}

/** The frame under way is no more: what is still in flight with it goes again. */
function queueAgain(lane: Lane): void {
  for (const item of lane.underWay?.items ?? []) {
    if (item.entry.state === "in_flight") item.entry = { ...item.entry, state: "queued" };
  }
  delete lane.underWay;
}
