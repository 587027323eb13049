import { Conversation } from "./conversation.js";
import type { HttpAnswer } from "./core/core.js";
import { type Entry, isSettled } from "./core/outbox.js";
import type { PresenceStatus } from "./core/presence.js";
import type { SocketMaker } from "./driver.js";
import { NatterError } from "./errors.js";
import { expectGood, Http, type Method } from "./http.js";
import { Hub, type NatterEvents } from "./hub.js";
import { IndexedDbStore } from "./indexed-db.js";
import type { Connection } from "./model.js";
import type {
  ConversationAnswer,
  DeviceBody,
  InboxAnswer,
  PresenceItem,
  RefreshBy,
  SignedInAnswer,
  SignUpBody,
  UserAnswer,
} from "./protocol.js";
import { type Account, MemoryStore, type Store } from "./store.js";
import { tellTokens } from "./tabs.js";
import { keepable, TokenKeeper, tokensOf } from "./token-keeper.js";

/** Where the API is, and what a client is made of. */
export interface NatterOptions {
  /** The API's address: the output `HttpUrl`. */
  readonly url: string;
  /** Where things are kept: IndexedDB, by default, where there is one, else memory. */
  readonly store?: Store;
  readonly fetch?: typeof fetch;
  readonly WebSocket?: SocketMaker;
  /** How the device is called in the list of one's sessions. */
  readonly device?: DeviceBody;
  /** Where the refresh token is kept: `cookie`, where no script can read it, if the page is of the API's own origin. */
  readonly refresh?: RefreshBy;
}

/** A name and a password, or the ID token of the deployment's identity provider. */
export type Credentials = { readonly username: string; readonly password: string } | { readonly id_token: string };

/**
 * Somebody who is signed in on this device.
 *
 * @example
 * ```ts
 * const natter = await Natter.signIn({ url: "https://api.example.com" }, { username: "ann", password: "correct horse" });
 * natter.connect();
 * const chat = await natter.direct("01a20eae-c9a9-719d-9846-02dbbc856d87");
 * await chat.send("Hello");
 * for await (const { message } of natter.stream("message")) console.log(message.sender_id, message.content);
 * ```
 */
export class Natter {
  readonly userId: string;
  readonly #store: Store;
  readonly #http: Http;
  readonly #tokens: TokenKeeper;
  readonly #hub: Hub;

  private constructor(options: NatterOptions, store: Store, account: Account) {
    this.userId = account.user_id;
    this.#store = store;
    this.#http = httpOf(options);
    this.#hub = new Hub({
      me: account.user_id,
      store,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      call: (method, path, body) => this.#authenticated(method, path, body),
      onTokens: () => this.#tokens.changed(),
    });
    this.#tokens = new TokenKeeper({
      me: account.user_id,
      http: this.#http,
      store,
      tokens: account.tokens,
      onSaved: () => this.#hub.tellTokens(),
      onSignedOut: () => this.#hub.signedOut(),
      onUnkept: (error) => this.#hub.emitter.emit("unkept", error),
    });
  }

  /**
   * A new user; they sign in afterwards.
   *
   * @throws NatterError `username_taken`, `bad_request`, `rate_limited`, `offline`
   * @example
   * ```ts
   * await Natter.signUp({ url }, { username: "ann", password: "correct horse", display_name: "Ann" });
   * ```
   */
  static async signUp(options: NatterOptions, user: SignUpBody): Promise<UserAnswer> {
    return expectGood(await httpOf(options).ask("POST", "/v1/users", user)) as UserAnswer;
  }

  /**
   * Signs in on this device. What somebody else has left here is forgotten; what one has not sent yet oneself is sent.
   *
   * @throws NatterError `bad_credentials`, `rate_limited`, `offline`
   * @example
   * ```ts
   * const natter = await Natter.signIn({ url }, { username: "ann", password: "correct horse" });
   * ```
   */
  static async signIn(options: NatterOptions, credentials: Credentials): Promise<Natter> {
    const store = await storeOf(options);
    const before = await store.account();
    const device = { platform: "web" as const, ...options.device, ...(before ? { device_id: before.device_id } : {}) };
    const answer = await httpOf(options).ask("POST", "/v1/sessions", {
      ...credentials,
      device,
      refresh: options.refresh,
    });
    const session = expectGood(answer) as SignedInAnswer;
    if (before?.user_id !== session.user_id) await store.clear();
    const { user_id, device_id } = session;
    const account = { user_id, device_id, tokens: tokensOf(session) };
    await store.setAccount({ ...account, tokens: keepable(account.tokens) });
    if (before) tellTokens(store.shared, before.user_id);
    return Natter.#open(options, store, account);
  }

  /**
   * Who was signed in here before, with all that is kept, without a connection; `undefined` if nobody is.
   *
   * @example
   * ```ts
   * const natter = (await Natter.resume({ url })) ?? (await Natter.signIn({ url }, { username, password }));
   * ```
   */
  static async resume(options: NatterOptions): Promise<Natter | undefined> {
    const store = await storeOf(options);
    const account = await store.account();
    return account?.tokens ? Natter.#open(options, store, account) : undefined;
  }

  static async #open(options: NatterOptions, store: Store, account: Account): Promise<Natter> {
    const natter = new Natter(options, store, account);
    await natter.#hub.refresh();
    return natter;
  }

  /** How the connection is. */
  get connection(): Connection {
    return this.#hub.model.connection;
  }

  /** How those are whom one watches, as far as one may see it. */
  get presence(): readonly PresenceItem[] {
    return this.#hub.model.presence;
  }

  /** All conversations of which something is held. */
  get conversations(): readonly Conversation[] {
    return this.#hub.model.conversations.map((id) => this.conversation(id));
  }

  /** What one has written and has no place yet, or was refused. */
  get unsent(): readonly Entry[] {
    return this.#hub.model.entries;
  }

  /** Connects, and stays connected, whatever happens, until `disconnect`; called again, it tries at once where it waits. */
  connect(): void {
    this.#hub.connect();
  }

  /** Ends the connection of this tab; nothing is sent or received any more. What was written is kept. */
  disconnect(): void {
    this.#hub.disconnect();
    this.#store.close();
  }

  /**
   * Ends the session, and forgets everything that is kept on this device.
   *
   * @param options `discard`: also what is not sent yet
   * @throws NatterError `unsent` if there is something, `offline`
   * @example
   * ```ts
   * await natter.signOut({ discard: confirm("Messages have not been sent. Sign out?") });
   * ```
   */
  async signOut(options: { discard?: boolean } = {}): Promise<void> {
    const unsent = this.unsent.filter((entry) => !isSettled(entry));
    if (unsent.length > 0 && !options.discard) throw new NatterError("unsent", `${unsent.length} are not sent yet`);
    const answer = await this.#authenticated("DELETE", "/v1/sessions/current");
    if (answer.status !== 401) expectGood(answer);
    this.#hub.stop();
    await this.#store.clear();
    this.#hub.tellTokens();
    this.disconnect();
  }

  /**
   * Calls `listener` with each event of a kind; what is returned ends it.
   *
   * @example
   * ```ts
   * const off = natter.on("connection", ({ state, retry_at }) => console.log(state, retry_at));
   * off();
   * ```
   */
  on<Name extends keyof NatterEvents>(name: Name, listener: (value: NatterEvents[Name]) => void): () => void {
    return this.#hub.emitter.on(name, listener);
  }

  /**
   * The events of a kind, from when the loop begins until it is left, or `signal` aborts.
   *
   * @example
   * ```ts
   * for await (const { message } of natter.stream("message", AbortSignal.timeout(60_000))) console.log(message);
   * ```
   */
  stream<Name extends keyof NatterEvents>(
    name: Name,
    signal?: AbortSignal,
  ): AsyncGenerator<NatterEvents[Name], void, void> {
    return this.#hub.emitter.stream(name, signal);
  }

  /** A conversation that one knows the id of. */
  conversation(id: string): Conversation {
    return new Conversation(id, { hub: this.#hub, call: (method, path, body) => this.call(method, path, body) });
  }

  /**
   * The conversation with somebody, made if there is none.
   *
   * @throws NatterError `not_found`, `conflict`, `rate_limited`, `offline`
   * @example
   * ```ts
   * const chat = await natter.direct(userId);
   * ```
   */
  async direct(userId: string): Promise<Conversation> {
    return this.#begin({ kind: "direct", members: [userId] });
  }

  /**
   * A new group.
   *
   * @param options `conversation_id`: drawn by the caller, so that asking again makes no second one
   * @throws NatterError `not_found`, `conflict`, `rate_limited`, `offline`
   * @example
   * ```ts
   * const lobby = await natter.group("Lobby", [ben, cem], { conversation_id: id });
   * ```
   */
  async group(
    title: string,
    members: readonly string[],
    options: { conversation_id?: string } = {},
  ): Promise<Conversation> {
    return this.#begin({ kind: "group", title, members, conversation_id: crypto.randomUUID(), ...options });
  }

  /**
   * The inbox as the server has it: the conversation with the latest activity first.
   *
   * @example
   * ```ts
   * for await (const { title, peer, unread } of natter.inbox()) console.log(title ?? peer?.display_name, unread);
   * ```
   */
  async *inbox(): AsyncGenerator<ConversationAnswer, void, void> {
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await this.call("GET", `/v1/conversations?limit=50${query}`)) as InboxAnswer;
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor !== undefined);
  }

  /** Whom one wants to see the presence of, from now on: up to 100. */
  watch(userIds: readonly string[]): void {
    this.#hub.watch(userIds);
  }

  /** How one is on this device. */
  setStatus(state: PresenceStatus): void {
    this.#hub.command({ type: "status", state });
  }

  /**
   * Any call of docs/protocol.md, as who is signed in.
   *
   * @returns the body of the answer; its type is among the exported ones
   * @throws NatterError what the server says, or `offline`
   * @example
   * ```ts
   * const { items } = (await natter.call("GET", "/v1/contacts")) as PeopleAnswer;
   * ```
   */
  async call(method: Method, path: string, body?: object): Promise<unknown> {
    return expectGood(await this.#authenticated(method, path, body));
  }

  async #begin(body: object): Promise<Conversation> {
    const made = (await this.call("POST", "/v1/conversations", body)) as ConversationAnswer;
    return this.conversation(made.conversation_id);
  }

  /** With an access token; with another one if that does not count. */
  async #authenticated(method: Method, path: string, body?: object): Promise<HttpAnswer> {
    try {
      const token = await this.#tokens.token();
      const answer = await this.#http.ask(method, path, body, { token });
      // A password that was wrong is so with another token, too, and would count twice.
      const { code } = (answer.body ?? {}) as { code?: unknown };
      if (answer.status !== 401 || code === "bad_credentials") return answer;
      return await this.#http.ask(method, path, body, { token: await this.#tokens.token(token) });
    } catch (error) {
      if (!(error instanceof NatterError)) throw error;
      const { code, retry_after_ms } = error;
      const status = code === "signed_out" ? 401 : 503;
      const said = { code: status === 401 ? "unauthenticated" : code, detail: error.message };
      return { status, body: said, retry_after_ms };
    }
  }
}

function httpOf(options: NatterOptions): Http {
  return new Http(options.url, options.fetch ?? globalThis.fetch.bind(globalThis));
}

/** Where there is no IndexedDB, or the browser denies it, memory. */
async function storeOf(options: NatterOptions): Promise<Store> {
  if (options.store) return options.store;
  try {
    const store = new IndexedDbStore(`natter:${new URL(options.url).host}`);
    await store.account();
    return store;
  } catch {
    return new MemoryStore();
  }
}
