import type { CoreInput, HttpAnswer } from "./core/core.js";
import type { Command, Entry } from "./core/outbox.js";
import { type Delta, Driver, type SocketMaker } from "./driver.js";
import { Emitter } from "./emitter.js";
import { type Connection, type ConversationSnapshot, Model } from "./model.js";
import type { Message, PresenceItem, WireEvent } from "./protocol.js";
import type { Store } from "./store.js";
import { Tabs, type Word } from "./tabs.js";

/** What is told as it happens. */
export interface NatterEvents {
  /** The connection changed. */
  connection: Connection;
  /** A message that was not known, of oneself, too; also what was missed while one was away. */
  message: { readonly conversation_id: string; readonly message: Message };
  /** Any event that was not known: members, titles, edits. */
  event: { readonly conversation_id: string; readonly event: WireEvent };
  /** A conversation looks different. */
  conversation: ConversationSnapshot;
  /** What one has written was refused, or failed: it stays until it is cancelled or tried again. */
  refused: Entry;
  /** How those are whom one watches. */
  presence: readonly PresenceItem[];
  /** What is to be kept could not be stored. */
  unkept: unknown;
}

export interface HubParts {
  readonly me: string;
  readonly store: Store;
  readonly WebSocket: SocketMaker;
  /** An authenticated call. */
  call(method: "GET" | "POST", path: string, body?: object): Promise<HttpAnswer>;
  /** Another tab has changed the tokens. */
  onTokens(): void;
}

/** Joins what this tab knows with whoever leads: this tab, or another one. */
export class Hub {
  readonly emitter = new Emitter<NatterEvents>();
  readonly model: Model;
  readonly #parts: HubParts;
  readonly #fetches = new Map<string, Set<() => void>>();
  #tabs: Tabs | undefined;
  #driver: Driver | undefined;
  #watched: readonly string[] = [];
  #stopListening: () => void = () => undefined;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.model = new Model(parts.me);
  }

  connect(): void {
    if (this.#tabs) return;
    this.#tabs = new Tabs({
      shared: this.#parts.store.shared,
      onLead: () => this.#lead(),
      onWord: (word) => this.#hear(word),
    });
    this.#stopListening = this.#listen();
    this.#tabs.join();
    this.#tabs.say({ is: "who" });
  }

  disconnect(): void {
    this.#stopListening();
    this.#tabs?.leave();
    this.#tabs = undefined;
    this.#take([{ kind: "connection", state: "idle" }]);
  }

  /** The session is over for all tabs. */
  signedOut(): void {
    this.#driver?.input({ type: "signed_out" });
    this.tellTokens();
  }

  /** The other tabs are to look at the tokens that are stored. */
  tellTokens(): void {
    this.#tabs?.say({ is: "tokens" });
  }

  watch(userIds: readonly string[]): void {
    this.#watched = userIds;
    this.command({ type: "watch", user_ids: userIds });
  }

  async #lead(): Promise<() => void> {
    const driver = await Driver.begin({
      me: this.#parts.me,
      store: this.#parts.store,
      // Without locks every tab leads, and none is out of date.
      epoch: globalThis.navigator?.locks ? await this.#parts.store.lead() : undefined,
      WebSocket: this.#parts.WebSocket,
      call: (method, path, body) => this.#parts.call(method, path, body),
      onDeltas: (deltas) => {
        this.#take(deltas);
        this.#tabs?.say({ is: "deltas", deltas });
      },
      onStale: () => this.#tabs?.resign(),
      onUnkept: (error) => this.emitter.emit("unkept", error),
    });
    this.#driver = driver;
    driver.input({ type: "connect" });
    if (this.#watched.length > 0) driver.input({ type: "watch", user_ids: this.#watched });
    return () => {
      driver.stop();
      if (this.#driver === driver) this.#driver = undefined;
    };
  }

  #hear(word: Word): void {
    switch (word.is) {
      case "command":
        this.#driver?.input(word.input);
        break;
      case "deltas":
        this.#take(word.deltas);
        break;
      case "tokens":
        this.#parts.onTokens();
        break;
      case "who":
        if (this.#driver) this.#tabs?.say({ is: "deltas", deltas: this.#passing() });
        break;
      case "leading":
        if (this.#watched.length > 0) this.watch(this.#watched);
        break;
      case "here":
        break;
    }
  }

  #passing(): Delta[] {
    return [
      { kind: "connection", ...this.model.connection },
      { kind: "presence", users: this.model.presence },
    ];
  }

  /** To who leads, if anybody does; without a connection there is nothing to be done. */
  command(input: CoreInput): void {
    if (this.#driver) return this.#driver.input(input);
    this.#tabs?.say({ is: "command", input });
    this.#tabs?.doubt();
  }

  /** Stored first: from then on it is sent, whatever happens. */
  async write(conversation_id: string, command: Command): Promise<string> {
    const client_id = crypto.randomUUID();
    const entry: Entry = { client_id, conversation_id, state: "queued", ...command };
    const deltas: Delta[] = [{ kind: "entry", entry }];
    await this.#parts.store.write([{ kind: "entry", entry }]);
    this.#take(deltas);
    this.#tabs?.say({ is: "deltas", deltas });
    this.command({ type: "write", entry });
    return client_id;
  }

  #take(deltas: readonly Delta[]): void {
    const changed = new Set<string>();
    for (const delta of deltas) {
      const id = this.model.conversationOf(delta);
      if (id !== undefined) changed.add(id);
      for (const event of this.model.apply(delta)) this.#tellEvent(id as string, event);
      if (delta.kind === "connection") this.emitter.emit("connection", this.model.connection);
      if (delta.kind === "presence") this.emitter.emit("presence", delta.users);
      if (delta.kind === "fetched") for (const waiting of this.#fetches.get(delta.conversation_id) ?? []) waiting();
      if (delta.kind === "entry" && ["refused", "failed"].includes(delta.entry.state)) {
        this.emitter.emit("refused", delta.entry);
      }
    }
    for (const id of changed) this.emitter.emit("conversation", this.model.snapshot(id));
  }

  #tellEvent(conversation_id: string, event: WireEvent): void {
    this.emitter.emit("event", { conversation_id, event });
    if (event.type === "message") this.emitter.emit("message", { conversation_id, message: event });
  }

  /** When the next page of a conversation has come, or could not be had. */
  fetched(id: string): Promise<void> {
    const waiting = this.#fetches.get(id) ?? new Set();
    this.#fetches.set(id, waiting);
    return new Promise((resolve) => {
      const over = () => {
        waiting.delete(over);
        resolve();
      };
      waiting.add(over);
    });
  }

  /** What the browser says of the network and of who looks. */
  #listen(): () => void {
    const nudge = () => {
      if (this.#driver) this.#driver.input({ type: "nudge" });
      else if (globalThis.document?.visibilityState === "visible") this.#tabs?.doubt();
    };
    const heard = ["online", "offline", "pageshow"];
    for (const name of heard) globalThis.addEventListener?.(name, nudge);
    const look = () => globalThis.document.visibilityState === "visible" && nudge();
    globalThis.document?.addEventListener("visibilitychange", look);
    return () => {
      for (const name of heard) globalThis.removeEventListener?.(name, nudge);
      globalThis.document?.removeEventListener("visibilitychange", look);
    };
  }
}
