import type { Conversation, ConversationSnapshot, ShownMessage } from "@natter/client";
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { isLookedAt } from "./attention.js";
import type { Summary } from "./inbox.js";
import { shorten } from "./length.js";
import { type Row, rowsOf } from "./rows.js";
import type { Session } from "./session.js";

const FOR_CURSORS = 20;
const MOST_PAGES = 40;

/** One conversation while it is open. */
export class Room {
  readonly id: string;
  readonly chat: Conversation;
  readonly snapshot: ReadonlySignal<ConversationSnapshot>;
  readonly summary: ReadonlySignal<Summary | undefined>;
  readonly rows: ReadonlySignal<readonly Row[]>;
  readonly isLoading = signal(false);
  /** What is before could not be had. */
  readonly hasFailed = signal(false);
  /** One may not read it, or it is not there. */
  readonly isGone = signal(false);
  /** Up to where everything was read when one came, or looked away. */
  readonly unreadAfter: Signal<number | undefined>;
  readonly #session: Session;
  readonly #off: (() => void)[];
  #hasCursors = false;
  #low: number | undefined;
  #wasThere = false;

  constructor(session: Session, id: string) {
    this.#session = session;
    this.id = id;
    this.chat = session.natter.conversation(id);
    this.snapshot = session.inbox.snapshot(id);
    this.summary = computed(() => session.inbox.of(id));
    const { unread, read_seq } = this.snapshot.peek();
    this.unreadAfter = signal(unread > 0 ? read_seq : undefined);
    this.rows = computed(() => rowsOf(this.snapshot.value, session.me, this.unreadAfter.value));
    this.#off = [
      effect(() => {
        if (session.connection.value.state === "open") void this.#connected();
      }),
      effect(() => {
        const isThere = this.summary.value !== undefined;
        if (this.#wasThere && !isThere) this.isGone.value = true;
        this.#wasThere = isThere;
      }),
      // What comes while nobody looks stands below a line until one has come, looked, and gone again.
      effect(() => {
        const { unread: now, read_seq: read } = this.snapshot.value;
        if (!isLookedAt.value && now > 0 && this.unreadAfter.peek() === undefined) this.unreadAfter.value = read;
      }),
      effect(() => {
        if (!isLookedAt.value && this.snapshot.peek().unread === 0) this.unreadAfter.value = undefined;
      }),
      // What could not be had is asked for again by the SDK: once it is here, one goes on.
      effect(() => {
        const low = this.snapshot.value.events[0]?.seq;
        if (low !== this.#low) this.hasFailed.value = false;
        this.#low = low;
      }),
    ];
    if (this.snapshot.peek().events.length === 0) void this.older();
  }

  get isDirect(): boolean {
    return this.summary.value?.kind === "direct";
  }

  /** What was said at a place, if that is held. */
  message(seq: number): ShownMessage | undefined {
    return this.snapshot.value.messages.find((each) => each.seq === seq);
  }

  /** One has seen everything up to there, if one looks. */
  seen(seq: number): void {
    if (isLookedAt.peek() && seq > this.snapshot.peek().read_seq) this.chat.read(seq);
  }

  /** One sees the end alone: what is far before it is fetched again when somebody goes there. */
  atEnd(): void {
    shorten(this.chat);
  }

  /** What one says oneself ends what was unread. */
  spoke(): void {
    this.unreadAfter.value = undefined;
  }

  async older(): Promise<void> {
    if (this.isLoading.peek() || !this.snapshot.peek().has_older) return;
    const before = this.snapshot.peek().events.length;
    batch(() => {
      this.isLoading.value = true;
      this.hasFailed.value = false;
    });
    await this.chat.older();
    batch(() => {
      this.isLoading.value = false;
      this.hasFailed.value = this.snapshot.peek().events.length === before && this.snapshot.peek().has_older;
    });
  }

  /** Fetches back to a place; whether it is held then. */
  async reach(seq: number): Promise<boolean> {
    for (let page = 0; page < MOST_PAGES; page++) {
      const { events, has_older } = this.snapshot.peek();
      const [first] = events;
      if (first && first.seq <= seq) return true;
      if (!has_older || this.hasFailed.peek()) return false;
      await this.older();
    }
    return false;
  }

  end(): void {
    for (const off of this.#off) off();
  }

  async #connected(): Promise<void> {
    if (this.snapshot.peek().events.length < 2) void this.older();
    this.isGone.value = !(await this.#session.inbox.learn(this.id));
    const summary = this.summary.peek();
    if (!summary || this.#hasCursors || summary.member_count > FOR_CURSORS) return;
    this.#hasCursors = true;
    await this.chat.cursors().catch(() => {
      this.#hasCursors = false; // asked for again with the next connection
    });
  }
}
