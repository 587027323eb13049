import { NOTHING, type Stored } from "./core/changes.js";
import { Core, type CoreInput, type HttpAnswer, type Passing } from "./core/core.js";
import { type Command, type Entry, isSettled } from "./core/outbox.js";
import { type Delta, Driver, type SocketMaker } from "./driver.js";
import { Emitter } from "./emitter.js";
import { NatterError } from "./errors.js";
import { type Connection, type ConversationSnapshot, Model } from "./model.js";
import type { Message, PresenceItem, WireEvent } from "./protocol.js";
import type { Store } from "./store.js";
import { Tabs, type Word } from "./tabs.js";

/** What is told as it happens. */
export interface NatterEvents {
  /** The connection changed. */
  connection: Connection;
  /** A message that was not known, of oneself, too; also what was missed while one was away. */
  message: { readonly conversation_id: string; readonly message: Message; readonly live: boolean };
  /** Any event that was not known: members, titles, edits. `live`: it has just happened, and was not missed. */
  event: { readonly conversation_id: string; readonly event: WireEvent; readonly live: boolean };
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
  /** Another tab may have changed the tokens: looks at what is stored. Whether one is signed in. */
  onTokens(): Promise<boolean>;
}

/** What is done to what is kept, whoever leads, and may be done twice. */
const LASTING = ["cancel", "retry", "read"];

function isPassing(delta: Delta): delta is Passing {
  return ["connection", "typing", "presence", "fetched"].includes(delta.kind);
}

/** Joins what this tab knows with whoever leads: this tab, or another one. */
export class Hub {
  readonly emitter = new Emitter<NatterEvents>();
  readonly model: Model;
  readonly #parts: HubParts;
  readonly #fetches = new Map<string, Set<() => void>>();
  #tabs: Tabs | undefined;
  #driver: Driver | undefined;
  /** What is told while the store is read; after that it is done. */
  #heard: Delta[] | undefined;
  #reading: Promise<Stored> = Promise.resolve(NOTHING);
  /** What was asked for while nobody led who is known to have heard it. */
  readonly #asked = new Map<string, CoreInput>();
  #watched: readonly string[] = [];
  #stopListening: () => void = () => undefined;
  readonly #unkept = (error: unknown) => this.emitter.emit("unkept", error);

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.model = new Model(parts.me);
  }

  connect(): void {
    if (this.#tabs) return this.command({ type: "nudge" });
    const tabs = new Tabs({
      shared: this.#parts.store.shared,
      userId: this.#parts.me,
      onLead: () => this.#lead(tabs),
      onFailed: this.#unkept,
      onWord: (word) => this.#hear(word),
    });
    this.#tabs = tabs;
    this.#stopListening = this.#listen();
    this.refresh().catch(this.#unkept);
    tabs.join();
    tabs.say({ is: "who" });
  }

  disconnect(): void {
    this.#leave();
    this.#take([{ kind: "connection", state: "idle" }]);
    this.emitter.end();
  }

  #leave(): void {
    this.#stopListening();
    this.#tabs?.leave();
    this.#tabs = undefined;
    this.#settle();
  }

  /** The session is over: another tab that signs in again is to lead. */
  signedOut(): void {
    if (this.#driver) this.#driver.input({ type: "signed_out" });
    else this.#take([{ kind: "connection", state: "signed_out" }]);
  }

  /** Nothing is stored from here any more. */
  stop(): void {
    this.#driver?.stop();
  }

  /** The other tabs are to look at the tokens that are stored. */
  tellTokens(): void {
    this.#tabs?.say({ is: "tokens" });
  }

  /** Shows what is stored, and what is told meanwhile after it. */
  refresh(): Promise<Stored> {
    this.#reading = this.#reading.catch(() => NOTHING).then(() => this.#read());
    return this.#reading;
  }

  async #read(): Promise<Stored> {
    this.#heard = [];
    let deltas: Delta[] = [];
    try {
      const stored = await this.#parts.store.load();
      deltas = this.model.changesTo(stored);
      return stored;
    } finally {
      deltas.push(...this.#heard);
      this.#heard = undefined;
      this.#take(deltas);
    }
  }

  watch(userIds: readonly string[]): void {
    this.#watched = userIds;
    this.command({ type: "watch", user_ids: userIds });
  }

  async #lead(tabs: Tabs): Promise<() => void> {
    const isSignedIn = await this.#parts.onTokens();
    // Without locks every tab leads, and none is out of date.
    const epoch = globalThis.navigator?.locks && isSignedIn ? await this.#parts.store.lead() : undefined;
    const stored = isSignedIn ? await this.refresh() : NOTHING;
    if (!isSignedIn && this.#tabs === tabs) this.signedOut();
    if (this.#tabs !== tabs) return () => undefined;
    const driver = new Driver(
      {
        store: this.#parts.store,
        epoch,
        WebSocket: this.#parts.WebSocket,
        call: (method, path, body) => this.#parts.call(method, path, body),
        onDeltas: (deltas) => {
          tabs.say({ is: "deltas", deltas });
          this.#take(deltas);
        },
        onStale: () => tabs.resign(),
        onUnkept: this.#unkept,
      },
      new Core(this.#parts.me, stored),
    );
    this.#driver = driver;
    driver.input({ type: "connect" });
    this.#repeat();
    return () => {
      driver.stop();
      if (this.#driver === driver) this.#driver = undefined;
    };
  }

  /** Somebody else leads, or this tab: they are told what nobody may have heard; who has heard it does nothing. */
  #repeat(): void {
    this.#settle();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    if (this.#watched.length > 0) this.watch(this.#watched);
    for (const entry of this.model.entries) if (entry.state === "queued") this.command({ type: "write", entry });
    for (const input of asked) this.#pass(input);
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
        void this.#parts.onTokens();
        break;
      case "who":
        if (this.#driver) this.#tabs?.say({ is: "deltas", deltas: this.#passing() });
        break;
      case "leading":
        this.refresh().then(() => this.#repeat(), this.#unkept);
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

  /** To who leads; what lasts is done without, too. */
  command(input: CoreInput): void {
    if (!this.#driver && LASTING.includes(input.type)) {
      this.#asked.set(JSON.stringify({ ...input, seq: 0 }), input);
      const isKept = input.type !== "read" || !this.#tabs;
      if (isKept) return void this.#do(input).catch(this.#unkept);
    }
    this.#pass(input);
  }

  #pass(input: CoreInput): void {
    if (this.#driver) return this.#driver.input(input);
    if (input.type === "older" && !this.#tabs) this.#settle();
    this.#tabs?.say({ is: "command", input });
    this.#tabs?.doubt();
  }

  /** Without who leads: what the core would do of it, in the store. */
  async #do(input: CoreInput): Promise<void> {
    await this.#check();
    const core = new Core(this.#parts.me, await this.#parts.store.load());
    const effects = core.step(Date.now(), input, Math.random);
    const changes = effects.flatMap((effect) => (effect.type === "change" ? effect.change : []));
    await this.#parts.store.write(changes);
    this.#show(changes);
    this.#pass(input);
  }

  /** What is in the store may be somebody else's by now. */
  async #check(): Promise<void> {
    if ((await this.#parts.store.account())?.user_id === this.#parts.me) return;
    throw new NatterError("signed_out", "nobody is signed in");
  }

  /** Stored first: from then on it is sent, whatever happens. */
  async write(conversation_id: string, command: Command, client_id: string = crypto.randomUUID()): Promise<string> {
    const entry: Entry = { client_id, conversation_id, state: "queued", ...command };
    await this.#check();
    await this.#parts.store.write([{ kind: "entry", entry }]);
    this.#show([{ kind: "entry", entry }]);
    this.command({ type: "write", entry });
    await this.#reading.catch(() => NOTHING);
    return client_id;
  }

  #show(deltas: readonly Delta[]): void {
    this.#take(deltas);
    this.#tabs?.say({ is: "deltas", deltas });
  }

  #take(deltas: readonly Delta[]): void {
    this.#heard?.push(...deltas.filter((delta) => !isPassing(delta)));
    const changed = new Set<string>();
    for (const delta of this.#heard ? deltas.filter(isPassing) : deltas) {
      const id = this.model.conversationOf(delta);
      if (id !== undefined) changed.add(id);
      for (const event of this.model.apply(delta))
        this.#tellEvent(id as string, event, !!(delta as { live?: boolean }).live);
      if (delta.kind === "connection") {
        if (delta.state === "signed_out") this.#leave();
        this.emitter.emit("connection", this.model.connection);
      }
      if (delta.kind === "presence") this.emitter.emit("presence", delta.users);
      if (delta.kind === "fetched") this.#settle(delta.conversation_id);
      if (delta.kind === "entry" && isSettled(delta.entry)) {
        this.emitter.emit("refused", delta.entry);
      }
    }
    for (const id of changed) this.emitter.emit("conversation", this.model.snapshot(id));
  }

  #tellEvent(conversation_id: string, event: WireEvent, live: boolean): void {
    this.emitter.emit("event", { conversation_id, event, live });
    if (event.type === "message") this.emitter.emit("message", { conversation_id, message: event, live });
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

  /** Nobody waits for pages any more: of one conversation, or of all. */
  #settle(id?: string): void {
    const all = id === undefined ? [...this.#fetches.values()] : [this.#fetches.get(id) ?? []];
    for (const waiting of all.flatMap((each) => [...each])) waiting();
  }

  /** What the browser says of the network and of who looks. */
  #listen(): () => void {
    const nudge = () => {
      if (this.#driver) this.#driver.input({ type: "nudge" });
      else if (globalThis.document?.visibilityState === "visible") this.#tabs?.doubt();
    };
    const { document } = globalThis;
    const over = new AbortController();
    for (const name of ["online", "offline", "pageshow"]) globalThis.addEventListener?.(name, nudge, over);
    document?.addEventListener(
      "visibilitychange",
      () => {
        if (document.visibilityState === "visible") nudge();
      },
      over,
    );
    return () => over.abort();
  }
}
