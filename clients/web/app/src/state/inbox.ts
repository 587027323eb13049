import type {
  ConversationAnswer,
  ConversationSnapshot,
  Natter,
  PeerAnswer,
  SettingsPatch,
  WireEvent,
} from "@natter/client";
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { shorten } from "./length.js";
import type { People } from "./people.js";
import { route } from "./route.js";
import { keep, keptJson } from "./storage.js";

const KEY = "u.inbox";
const KEPT = 200;

/** Muted until it is unmuted: the protocol knows times only. */
export const FOR_EVER_MS = 100 * 365 * 86_400_000;

type Settings = Pick<ConversationAnswer, "muted_until" | "archived" | "notify">;

/** A conversation as the inbox shows it. */
export interface Summary extends ConversationAnswer {
  readonly snapshot: ConversationSnapshot;
}

/** All conversations that are loaded, with what is held of them. */
export class Inbox {
  readonly #natter: Natter;
  readonly #people: People;
  readonly #answers = signal<ReadonlyMap<string, ConversationAnswer>>(new Map());
  readonly #snapshots = new Map<string, Signal<ConversationSnapshot>>();
  /** Of each answer, so that what nothing happened to stays the same object, and is not drawn again. */
  readonly #summaries = new WeakMap<ConversationAnswer, ReadonlySignal<Summary>>();
  /** What one has set here, until another device says otherwise. */
  readonly #set = new Map<string, { readonly settings: Settings; readonly over: ConversationSnapshot["settings"] }>();
  #pages: AsyncGenerator<ConversationAnswer, void, void> | undefined;
  readonly #asked = new Set<string>();
  readonly #off: (() => void)[];
  /** Whether there is more to load; undefined until the server has said. */
  readonly hasMore = signal<boolean | undefined>(undefined);
  readonly isLoading = signal(false);
  /** By latest activity. */
  readonly all: ReadonlySignal<readonly Summary[]> = computed(() =>
    [...this.#answers.value.values()].map((answer) => this.#shown(answer)).sort((a, b) => b.head.at - a.head.at),
  );

  constructor(natter: Natter, people: People) {
    this.#natter = natter;
    this.#people = people;
    this.#add(keptJson(KEY, isAnswers) ?? []);
    this.#off = [
      natter.on("conversation", (snapshot) => {
        const id = snapshot.conversation_id;
        const had = this.snapshot(id).peek().events.length;
        this.snapshot(id, snapshot);
        const to = route.peek();
        if (to.to !== "conversation" || to.id !== id) shorten(natter.conversation(id));
        // Nothing else empties one: the SDK keeps nothing of where one was removed, not even that.
        if (had > 0 && snapshot.events.length === 0) this.forget(id);
      }),
      natter.on("event", ({ conversation_id, event, live }) => this.#hear(conversation_id, event, live)),
    ];
  }

  /** One conversation, if it is loaded. */
  of(id: string): Summary | undefined {
    const answer = this.#answers.value.get(id);
    return answer && this.#shown(answer);
  }

  /** What is held of it; reading `.value` follows it. */
  snapshot(id: string, now?: ConversationSnapshot): Signal<ConversationSnapshot> {
    const there = this.#snapshots.get(id) ?? signal(this.#natter.conversation(id).snapshot);
    this.#snapshots.set(id, there);
    if (now) there.value = now;
    return there;
  }

  /** Loads the first page again; a failure is for the banner to tell. */
  async reload(): Promise<void> {
    if (this.isLoading.peek()) return;
    this.#pages = this.#natter.inbox();
    await this.more();
  }

  /** Loads the next fifty. */
  async more(): Promise<void> {
    if (!this.#pages || this.isLoading.peek()) return;
    this.isLoading.value = true;
    try {
      const taken: ConversationAnswer[] = [];
      for (let next = await this.#pages.next(); !next.done; next = await this.#pages.next()) {
        taken.push(next.value);
        if (taken.length % 50 === 0) break;
      }
      this.hasMore.value = taken.length > 0 && taken.length % 50 === 0;
      this.#take(taken);
    } catch {
      this.#pages = undefined;
    } finally {
      this.isLoading.value = false;
    }
  }

  /** Asks what a conversation is; false, if one is not in it, or there is none. */
  async learn(id: string): Promise<boolean> {
    if (this.#asked.has(id)) return true;
    this.#asked.add(id);
    try {
      this.#take([await this.#natter.conversation(id).info()]);
      return true;
    } catch (error) {
      const { code = "" } = error as { code?: string };
      if (code === "not_member") this.forget(id);
      return !["not_member", "not_found", "bad_request"].includes(code);
    } finally {
      this.#asked.delete(id);
    }
  }

  /** Mutes, archives, says for what one is woken. */
  async set(id: string, patch: SettingsPatch): Promise<void> {
    const answer = (await this.#natter.call("PATCH", `/v1/conversations/${id}/me`, patch)) as ConversationAnswer;
    const { muted_until, archived, notify } = answer;
    const settings = { archived, notify, ...(muted_until === undefined ? {} : { muted_until }) };
    this.#set.set(id, { settings, over: this.snapshot(id).peek().settings });
    this.#take([answer]);
  }

  /** One is not in it any more. */
  forget(id: string): void {
    const answers = new Map(this.#answers.peek());
    if (answers.delete(id)) this.#answers.value = answers;
  }

  end(): void {
    for (const off of this.#off) off();
  }

  #add(answers: readonly ConversationAnswer[]): void {
    const all = new Map(this.#answers.peek());
    for (const answer of answers) all.set(answer.conversation_id, answer);
    this.#people.learn(peersOf(answers));
    this.#answers.value = all;
  }

  #take(answers: readonly ConversationAnswer[]): void {
    if (answers.length === 0) return;
    this.#add(answers);
    const newest = [...this.#answers.peek().values()].sort((a, b) => b.head.at - a.head.at).slice(0, KEPT);
    // What was said is kept by the SDK alone, which forgets it when it is deleted.
    keep(KEY, JSON.stringify(newest.map(({ last_message: _, ...rest }) => rest)));
  }

  #hear(id: string, event: WireEvent, live: boolean): void {
    if (event.type === "member_erased") this.#people.forget(event.user_id);
    const known = this.#answers.peek().get(id);
    if (!known) {
      if (live || this.hasMore.peek() === false) void this.learn(id);
      return;
    }
    if (event.seq <= known.head.seq) return;
    if (event.type === "member_removed" && event.user_id === this.#natter.userId) return this.forget(id);
    if (live && /^(member|role|conversation)_/.test(event.type)) void this.learn(id);
  }

  #shown(answer: ConversationAnswer): Summary {
    const there = this.#summaries.get(answer) ?? computed(() => this.#summary(answer));
    this.#summaries.set(answer, there);
    return there.value;
  }

  #summary(answer: ConversationAnswer): Summary {
    const snapshot = this.snapshot(answer.conversation_id).value;
    const last = snapshot.events.at(-1);
    if (!last) return { ...answer, snapshot };
    const { settings: _, ...rest } = this.#settings(answer, snapshot);
    const head = last.seq > answer.head.seq ? { seq: last.seq, at: last.at } : answer.head;
    return { ...answer, ...rest, unread: snapshot.unread, read_seq: snapshot.read_seq, head, snapshot };
  }

  #settings(answer: ConversationAnswer, { settings }: ConversationSnapshot): Settings & { settings?: never } {
    const set = this.#set.get(answer.conversation_id);
    const { muted_until, archived, notify } = set && set.over === settings ? set.settings : settings;
    return { muted_until, archived, notify } as Settings;
  }
}

/** The others of direct conversations, but for those who are gone. */
export function peersOf(conversations: readonly (Pick<ConversationAnswer, "peer"> | undefined)[]): PeerAnswer[] {
  return conversations.flatMap((each) => (each?.peer && !each.peer.deleted ? [each.peer] : []));
}

function isAnswers(value: unknown): value is ConversationAnswer[] {
  return (
    Array.isArray(value) &&
    value.every((each: Partial<ConversationAnswer> | null) => typeof each?.conversation_id === "string" && each.head)
  );
}
