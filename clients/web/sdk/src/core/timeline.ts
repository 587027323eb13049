import type { PageAnswer, WireEvent } from "../protocol.js";
import { changedByEffect, isEffect, withoutReactions } from "./effects.js";
import { backoff, earliest, jitter, type Part, type Random, type Wake } from "./part.js";
import type { SyncEntry } from "./sync.js";

const FORWARD = 200;
const BACK = 50;
const HOLE_MS = 1000;
/** Whoever asks for what is before so many reads far back, for so long. */
const FAR = 200;
const READING_MS = 600_000;

export type Asked = { readonly after?: number; readonly before?: number };

export interface StoredTimeline {
  readonly first_seq: number;
  readonly head_seq: number;
  readonly events: readonly WireEvent[];
  /** Of messages, by place: up to where what happened to them is known, where that is above the last event. */
  readonly known: Readonly<Record<string, number>>;
}

export interface TimelineView extends StoredTimeline {
  readonly position: number;
  readonly ahead: readonly number[];
}

export type TimelineInput =
  | { readonly type: "live"; readonly events: readonly WireEvent[] }
  | { readonly type: "page"; readonly asked: Asked; readonly page: PageAnswer }
  | { readonly type: "fetch_failed"; readonly asked: Asked; readonly status: number; readonly retry_after_ms?: number }
  | { readonly type: "synced"; readonly entry: SyncEntry }
  | { readonly type: "older" }
  | { readonly type: "shorten"; readonly keep: number };

export type TimelineEffect =
  | ({ readonly type: "fetch"; readonly limit: number } & Asked)
  | { readonly type: "reset"; readonly from: number }
  | { readonly type: "shown"; readonly seqs: number[] }
  | { readonly type: "placed"; readonly client_ids: string[] }
  | { readonly type: "passed_over" | "gone" };

/** A page that is asked for: under way, or to be asked for again. */
interface Fetch {
  readonly asked: Asked;
  retryAt?: number;
}

/** What one step brought. */
class Changes {
  reset: number | undefined;
  readonly shown = new Set<number>();
  readonly placed: string[] = [];
  passedOver = false;
  gone = false;
  readonly fetches: TimelineEffect[] = [];
}

/** One conversation's events: a run of the log without holes, and what came early. */
export class Timeline implements Part<TimelineInput, TimelineEffect, TimelineView> {
  readonly #me: string;
  #firstSeq = 1;
  #headSeq = 0;
  #events: WireEvent[] = [];
  /** Where the run begins, while nothing is held. */
  #from: number | undefined;
  #known = new Map<number, number>();
  readonly #ahead = new Map<number, { event: WireEvent; known: number }>();
  #holeAt: number | undefined;
  #forward: Fetch | undefined;
  #back: Fetch | undefined;
  #failures = 0;
  #olderAt = Number.NEGATIVE_INFINITY;

  constructor(start: { me: string; stored?: StoredTimeline }) {
    this.#me = start.me;
    if (start.stored) {
      this.#firstSeq = start.stored.first_seq;
      this.#headSeq = start.stored.head_seq;
      this.#events = [...start.stored.events];
      this.#known = new Map(Object.entries(start.stored.known).map(([seq, known]) => [Number(seq), known]));
    }
  }

  /** The last place without a hole before it; 0 if nothing is held. */
  get position(): number {
    return this.#events.at(-1)?.seq ?? 0;
  }

  /** The first place that is held; 0 if nothing is. */
  get low(): number {
    return this.#events[0]?.seq ?? 0;
  }

  /** The event at a place, as it is to be shown, if it is held. */
  at(seq: number): WireEvent | undefined {
    return this.#events[seq - this.low];
  }

  /** Whether a page is asked for, or will be again. */
  get isFetching(): boolean {
    return this.#forward !== undefined || this.#back !== undefined;
  }

  step(at: number, input: TimelineInput | Wake, random: Random): TimelineEffect[] {
    const changes = new Changes();
    switch (input.type) {
      case "live":
        for (const event of input.events) this.#put(withoutReactions(event), event.seq, changes);
        break;
      case "page":
        this.#paged(at, input.asked, input.page, changes, random);
        break;
      case "fetch_failed":
        this.#failed(at, input, changes, random);
        break;
      case "synced":
        this.#synced(input.entry, changes);
        break;
      case "older":
        if (this.#events.length >= FAR) this.#olderAt = at;
        if (this.#events.length === 0) this.#askForward(changes);
        else if (this.low > this.#firstSeq && !this.#back) this.#askBack(changes);
        break;
      case "shorten":
        if (at >= this.#olderAt + READING_MS && this.#events.length > input.keep) {
          // It is as if the others had not been fetched yet.
          this.#drop(this.position - input.keep + 1, changes);
          changes.shown.add(this.position);
        }
        break;
      case "wake":
        this.#woken(at, changes);
        break;
    }
    this.#advance(changes);
    const last = this.#events.at(-1);
    if (last?.type === "member_removed" && last.user_id === this.#me) changes.gone = true;
    if (changes.gone) this.#clear();
    this.#lookForHole(at, changes, random);
    return effects(changes);
  }

  wake(): number | undefined {
    return earliest(this.#holeAt, this.#forward?.retryAt, this.#back?.retryAt);
  }

  /** All of what is stored but the events. */
  bounds(): Omit<StoredTimeline, "events"> {
    const known = [...this.#known].filter(([, known]) => known > this.position);
    return { first_seq: this.#firstSeq, head_seq: this.#headSeq, known: Object.fromEntries(known) };
  }

  view(): TimelineView {
    return {
      ...this.bounds(),
      position: this.position,
      events: [...this.#events],
      ahead: [...this.#ahead.keys()].sort((a, b) => a - b),
    };
  }

  #put(event: WireEvent, known: number, changes: Changes): void {
    this.#headSeq = Math.max(this.#headSeq, event.seq);
    if (event.seq <= this.position) {
      if (event.sender_id === this.#me && event.client_id !== undefined) changes.placed.push(event.client_id);
      return;
    }
    const there = this.#ahead.get(event.seq);
    if (!there || known > there.known) this.#ahead.set(event.seq, { event, known });
  }

  /** Takes over what goes on where the run ends. */
  #advance(changes: Changes): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const { event, known } = next;
      this.#ahead.delete(event.seq);
      this.#events.push(event);
      changes.shown.add(event.seq);
      if (event.type === "message" && known > event.seq) this.#known.set(event.seq, known);
      if (event.sender_id === this.#me && event.client_id !== undefined) changes.placed.push(event.client_id);
      this.#happen(event, 0, Number.POSITIVE_INFINITY, changes);
    }
    if (this.#events.length > 0)
      for (const seq of this.#ahead.keys()) if (seq <= this.position) this.#ahead.delete(seq);
  }

  #next(): { event: WireEvent; known: number } | undefined {
    const seq = this.#events.length > 0 ? this.position + 1 : this.#from;
    return seq === undefined ? undefined : this.#ahead.get(seq);
  }

  /** What an event does to what is held from `from` and below `to`. */
  #happen(effect: WireEvent, from: number, to: number, changes: Changes): void {
    if (!isEffect(effect)) return;
    const [first, last] = effect.type === "reaction" ? [effect.target_seq, effect.target_seq] : [this.low, effect.seq];
    for (let seq = Math.max(first, from); seq <= Math.min(last, to - 1); seq++) {
      const before = this.at(seq);
      if (!before) continue;
      const after = changedByEffect(before, effect, this.#known.get(seq) ?? seq, this.#me, (target) => this.at(target));
      if (after === before) continue;
      this.#events[seq - this.low] = after;
      changes.shown.add(seq);
    }
  }

  #paged(at: number, asked: Asked, page: PageAnswer, changes: Changes, random: Random): void {
    const back = asked.before !== undefined;
    if (!isUnderWay(back ? this.#back : this.#forward)) return;
    if (page.has_more && page.events.length === 0) {
      this.#failed(at, { asked, status: 0 }, changes, random);
      return;
    }
    this.#failures = 0;
    if (back) {
      this.#back = undefined;
      this.#prepend(page, changes);
    } else {
      this.#forward = undefined;
      this.#take(page, false, changes);
    }
    this.#bounds(page, changes);
    this.#advance(changes);
    if (page.has_more && asked.after !== undefined) this.#askForward(changes);
  }

  #synced(entry: SyncEntry, changes: Changes): void {
    if ("removed" in entry) {
      changes.gone = true;
      return;
    }
    this.#take(entry, entry.limited, changes);
    this.#advance(changes);
    this.#bounds(entry, changes);
  }

  /** Events of a page or a sync, which may begin where those between cannot be read or are too many. */
  #take(page: Omit<PageAnswer, "has_more">, limited: boolean, changes: Changes): void {
    const first = page.events[0]?.seq;
    if (first !== undefined && this.#events.length === 0) {
      this.#from = first;
    } else if (first !== undefined && first > this.position + 1 && (limited || page.first_seq > this.position + 1)) {
      changes.reset = this.#from = first;
      changes.passedOver = true;
      this.#events = [];
      this.#known.clear();
    }
    for (const event of page.events) this.#put(event, page.state_seq, changes);
  }

  #prepend(page: PageAnswer, changes: Changes): void {
    const last = page.events.at(-1);
    if (!last || last.seq + 1 !== this.low) return;
    const to = this.low;
    this.#events = [...page.events, ...this.#events];
    for (const event of page.events) {
      changes.shown.add(event.seq);
      if (event.type === "message") this.#known.set(event.seq, page.state_seq);
    }
    for (const event of this.#events.slice(page.events.length)) this.#happen(event, this.low, to, changes);
  }

  /** How far the log goes, and from where one may read it. */
  #bounds(of: { first_seq: number; head_seq: number }, changes: Changes): void {
    this.#headSeq = Math.max(this.#headSeq, of.head_seq);
    this.#firstSeq = of.first_seq;
    if (this.#events.length === 0 || this.low >= of.first_seq) return;
    this.#drop(of.first_seq, changes);
    for (const event of this.#events) changes.shown.add(event.seq);
  }

  /** What is below is not held any more. */
  #drop(from: number, changes: Changes): void {
    this.#events = this.#events.filter((event) => event.seq >= from);
    for (const seq of this.#known.keys()) if (seq < from) this.#known.delete(seq);
    changes.reset = from;
  }

  #failed(
    at: number,
    failure: { asked: Asked; status: number; retry_after_ms?: number },
    changes: Changes,
    random: Random,
  ): void {
    if (!isUnderWay(failure.asked.before === undefined ? this.#forward : this.#back)) return;
    if (failure.status === 403 || failure.status === 404) {
      changes.gone = true;
      return;
    }
    const retry = { asked: failure.asked, retryAt: at + backoff(random, this.#failures++, failure.retry_after_ms) };
    if (failure.asked.before !== undefined) this.#back = retry;
    else this.#forward = retry;
  }

  #woken(at: number, changes: Changes): void {
    if (this.#holeAt !== undefined && this.#holeAt <= at) this.#askForward(changes);
    if (this.#forward?.retryAt !== undefined && this.#forward.retryAt <= at) this.#askForward(changes);
    if (this.#back?.retryAt !== undefined && this.#back.retryAt <= at) this.#askBack(changes);
  }

  #askForward(changes: Changes): void {
    if (isUnderWay(this.#forward)) return;
    this.#holeAt = undefined;
    const asked: Asked = this.#events.length > 0 ? { after: this.position } : {};
    this.#forward = { asked };
    changes.fetches.push({ type: "fetch", ...asked, limit: asked.after === undefined ? BACK : FORWARD });
  }

  #askBack(changes: Changes): void {
    this.#back = { asked: { before: this.low } };
    changes.fetches.push({ type: "fetch", before: this.low, limit: BACK });
  }

  #lookForHole(at: number, changes: Changes, random: Random): void {
    if (this.#ahead.size === 0) this.#holeAt = undefined;
    else if (!this.#forward && this.#events.length === 0) this.#askForward(changes);
    else if (!this.#forward && this.#holeAt === undefined) this.#holeAt = at + HOLE_MS + jitter(random, HOLE_MS);
  }

  #clear(): void {
    this.#events = [];
    this.#known.clear();
    this.#ahead.clear();
    this.#from = undefined;
    this.#firstSeq = 1;
    this.#headSeq = 0;
    this.#forward = this.#back = undefined;
    this.#failures = 0;
  }
}

function isUnderWay(fetch: Fetch | undefined): boolean {
  return fetch !== undefined && fetch.retryAt === undefined;
}

function effects(changes: Changes): TimelineEffect[] {
  const seqs = [...changes.shown].sort((a, b) => a - b);
  return [
    ...(changes.reset === undefined ? [] : [{ type: "reset" as const, from: changes.reset }]),
    ...(seqs.length > 0 ? [{ type: "shown" as const, seqs }] : []),
    ...(changes.placed.length > 0 ? [{ type: "placed" as const, client_ids: changes.placed }] : []),
    ...(changes.passedOver ? [{ type: "passed_over" as const }] : []),
    ...(changes.gone ? [{ type: "gone" as const }] : []),
    ...(changes.gone ? [] : changes.fetches),
  ];
}
