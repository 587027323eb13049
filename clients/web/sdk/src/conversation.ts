import type { Method } from "./http.js";
import type { Hub } from "./hub.js";
import type { ConversationSnapshot } from "./model.js";
import type { ConversationAnswer, CursorsAnswer, OutgoingMessage } from "./protocol.js";

type Content = OutgoingMessage["content"];

/** What a message has besides what it says. */
export interface SendOptions {
  readonly reply_to?: number;
  readonly mentions?: string[];
  /** A new one, if none is given. */
  readonly client_id?: string;
}

/** What a conversation is made of. */
export interface ConversationParts {
  readonly hub: Hub;
  call(method: Method, path: string, body?: object): Promise<unknown>;
}

/**
 * One conversation, as it is on this device.
 *
 * @example
 * ```ts
 * const chat = natter.conversation(id);
 * const off = chat.subscribe(({ messages, unread }) => render(messages, unread));
 * ```
 */
export class Conversation {
  readonly id: string;
  readonly #parts: ConversationParts;

  /** @internal */
  constructor(id: string, parts: ConversationParts) {
    this.id = id;
    this.#parts = parts;
  }

  /** How it stands: the same object until something changes. */
  get snapshot(): ConversationSnapshot {
    return this.#parts.hub.model.snapshot(this.id);
  }

  /** Calls `listener` with each new snapshot; what is returned ends it. */
  subscribe(listener: (snapshot: ConversationSnapshot) => void): () => void {
    return this.#parts.hub.emitter.on("conversation", (each) => each.conversation_id === this.id && listener(each));
  }

  /**
   * Writes a message. When this returns it is stored, shown, and on its way, with or without a connection.
   *
   * Of one `client_id` there is one message, however often it is written: who cannot know whether it was stored (their
   * page went away meanwhile) writes it again.
   *
   * @returns its `client_id`, the `key` under which it is shown
   * @throws DOMException the store is full, or does not work: nothing was written
   * @example
   * ```ts
   * await chat.send("See you there", { reply_to: 12, mentions: [ben] });
   * ```
   */
  send(message: string | Content, options: SendOptions = {}): Promise<string> {
    const { client_id, ...fields } = options;
    const written = this.#parts.hub.write(
      this.id,
      { action: "send", fields: { content: contentOf(message), ...fields } },
      client_id,
    );
    this.#did("cleared");
    return written;
  }

  /**
   * Says it otherwise; by its author only.
   *
   * @example
   * ```ts
   * await chat.edit(12, "See you here");
   * ```
   */
  edit(seq: number, message: string | Content): Promise<string> {
    return this.#parts.hub.write(this.id, { action: "edit", fields: { target_seq: seq, content: contentOf(message) } });
  }

  /** Deletes a message; by its author, or who runs the group. */
  delete(seq: number): Promise<string> {
    return this.#parts.hub.write(this.id, { action: "delete", fields: { target_seq: seq } });
  }

  /**
   * Sets a reaction, or removes one's own.
   *
   * @example
   * ```ts
   * await chat.react(12, "👍");
   * await chat.react(12, "👍", { remove: true });
   * ```
   */
  react(seq: number, reaction: string, options: { remove?: true } = {}): Promise<string> {
    return this.#parts.hub.write(this.id, { action: "react", fields: { target_seq: seq, reaction, ...options } });
  }

  /** Tries again what was refused or failed, as something new, last in the conversation. */
  retry(clientId: string): void {
    this.#parts.hub.command({ type: "retry", client_id: clientId, as: crypto.randomUUID() });
  }

  /** Forgets what was refused or failed, or still waits. Something of which nobody knows whether it arrived may appear all the same. */
  cancel(clientId: string): void {
    this.#parts.hub.command({ type: "cancel", client_id: clientId });
  }

  /** Everything up to a place was seen; by default, all that is held. */
  read(seq: number = this.snapshot.events.at(-1)?.seq ?? 0): void {
    if (seq > 0) this.#parts.hub.command({ type: "read", conversation_id: this.id, seq });
  }

  /** A key was pressed: others see that one types, until one stops or sends. */
  typing(): void {
    this.#did("keystroke");
  }

  /** The words were taken back. */
  stoppedTyping(): void {
    this.#did("cleared");
  }

  /** Fetches what is before; over when it is held, or could not be had. */
  async older(): Promise<void> {
    if (!this.snapshot.has_older) return;
    const fetched = this.#parts.hub.fetched(this.id);
    this.#parts.hub.command({ type: "older", conversation_id: this.id });
    await fetched;
  }

  /**
   * Lets go of all but the newest events, for `older` to fetch again: where much is said, what is held would grow for
   * ever. Not while somebody reads far back: for ten minutes after `older`, where 200 are held.
   *
   * @example
   * ```ts
   * if (chat.snapshot.events.length > 2000) chat.shorten(1000);
   * ```
   */
  shorten(keep: number): void {
    this.#parts.hub.command({ type: "shorten", conversation_id: this.id, keep });
  }

  /** What the server says of it: kind, title, peer, role. */
  async info(): Promise<ConversationAnswer> {
    return (await this.#parts.call("GET", `/v1/conversations/${this.id}`)) as ConversationAnswer;
  }

  /** Fetches how far others have read, in conversations of up to 20; `snapshot.others` has it then. */
  async cursors(): Promise<void> {
    const { items } = (await this.#parts.call("GET", `/v1/conversations/${this.id}/cursors`)) as CursorsAnswer;
    this.#parts.hub.command({ type: "receipt", conversation_id: this.id, receipts: items });
  }

  #did(did: "keystroke" | "cleared"): void {
    this.#parts.hub.command({ type: "typing", conversation_id: this.id, did });
  }
}

function contentOf(message: string | Content): Content {
  return typeof message === "string" ? { type: "text", text: message } : message;
}
