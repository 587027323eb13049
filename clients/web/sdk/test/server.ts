/** A conversation's server as the protocol describes it, small and without faults of its own. */

import type {
  ClientFrame,
  Message,
  PageAnswer,
  ReactionField,
  ServerFrame,
  SyncAnswer,
  SyncBody,
  WireEvent,
} from "../src/protocol.js";

export const ME = "ann";
export const CHAT = "chat";

type Command = { sender_id: string; client_id: string } & Record<string, unknown>;

export class Server {
  /** What happened, in order; messages as they were said. */
  readonly log: WireEvent[] = [
    { seq: 1, type: "conversation_created", at: 1, sender_id: "ben", kind: "direct", members: [] },
  ];
  readonly #outcomes = new Map<string, WireEvent | "refused">();

  /** Puts what a frame wants into the log; what happened, or what was refused. */
  accept(sender_id: string, frame: ClientFrame): { events: WireEvent[]; refused: string[] } {
    const done = commandsOf(sender_id, frame).map((command) => [command.client_id, this.#decide(command)] as const);
    return {
      events: done.flatMap(([, outcome]) => (outcome === "refused" ? [] : [this.#asShown(outcome, this.head, true)])),
      refused: done.flatMap(([id, outcome]) => (outcome === "refused" ? [id] : [])),
    };
  }

  get head(): number {
    return this.log.length;
  }

  page(query: { after?: number; before?: number; limit: number }): PageAnswer {
    const { after, before = this.head + 1, limit } = query;
    const from = after === undefined ? Math.max(0, before - 1 - limit) : after;
    const to = after === undefined ? before - 1 : Math.min(this.head, after + limit);
    const has_more = after === undefined ? from > 0 : to < this.head;
    const events = this.log.slice(from, to).map((event) => this.#asShown(event, this.head, false));
    return { events, has_more, first_seq: 1, head_seq: this.head, state_seq: this.head };
  }

  sync(body: SyncBody): SyncAnswer {
    const position = body.positions[CHAT]?.seq ?? 0;
    const limited = this.head - position > (body.limit ?? 50);
    const { has_more: _, ...page } = this.page(limited ? { limit: body.limit ?? 50 } : { after: position, limit: 200 });
    const state = { read_seq: 1, unread: 0, archived: false, notify: "all" as const };
    const conversations = position < this.head ? [{ conversation_id: CHAT, ...page, limited, ...state }] : [];
    return { conversations, at: 1 };
  }

  /** Everything, as it is now. */
  shown(): WireEvent[] {
    return this.page({ after: 0, limit: this.head }).events;
  }

  #decide(command: Command): WireEvent | "refused" {
    const key = `${command.sender_id} ${command.client_id}`;
    const before = this.#outcomes.get(key);
    if (before !== undefined) return before;
    const outcome = this.#allows(command)
      ? ({ seq: this.head + 1, at: this.head + 1, ...command } as unknown as WireEvent)
      : "refused";
    this.#outcomes.set(key, outcome);
    if (outcome !== "refused") this.log.push(outcome);
    return outcome;
  }

  #allows(command: Command): boolean {
    if (command.type === "message") return true;
    const target = this.log[(command.target_seq as number) - 1];
    if (target?.type !== "message" || this.#asShown(target, this.head, false).type !== "message") return false;
    const message = this.#asShown(target, this.head, false) as Message;
    return message.deleted_at === undefined && (command.type === "reaction" || message.sender_id === command.sender_id);
  }

  /** An event as a page shows it; live, reactions are not with it, but for who is shown it again. */
  #asShown(event: WireEvent, upTo: number, live: boolean): WireEvent {
    const later = this.log.slice(live ? upTo : event.seq, upTo);
    if (event.type === "edit") {
      const over = later.some(
        (each) => (each.type === "edit" || each.type === "delete") && each.target_seq === event.target_seq,
      );
      const { content: _, ...rest } = event;
      return over ? rest : event;
    }
    if (event.type !== "message") return event;
    const of = later.filter((each) => "target_seq" in each && each.target_seq === event.seq);
    const gone = of.find((each) => each.type === "delete");
    if (gone) {
      const { seq, type, at, sender_id, client_id } = event;
      return { seq, type, at, sender_id, ...(client_id ? { client_id } : {}), deleted_at: gone.at };
    }
    const edit = of.findLast((each) => each.type === "edit");
    const said = edit
      ? { ...event, content: edit.content as NonNullable<Message["content"]>, edited_at: edit.at }
      : event;
    const reactions = reactionsOf(of);
    return reactions.length > 0 ? { ...said, reactions } : said;
  }
}

function reactionsOf(events: readonly WireEvent[]): ReactionField[] {
  const users = new Map<string, string[]>();
  for (const event of events) {
    if (event.type !== "reaction") continue;
    const before = users.get(event.reaction) ?? [];
    const others = before.filter((each) => each !== event.sender_id);
    const after = event.removed ? others : before.includes(event.sender_id) ? before : [...before, event.sender_id];
    if (after.length > 0) users.set(event.reaction, after);
    else users.delete(event.reaction);
  }
  return [...users].map(([reaction, user_ids]) => ({
    reaction,
    count: user_ids.length,
    mine: user_ids.includes(ME),
    user_ids,
  }));
}

function commandsOf(sender_id: string, frame: ClientFrame): Command[] {
  switch (frame.action) {
    case "send":
      return frame.messages.map((message) => ({ type: "message", sender_id, ...message }));
    case "edit":
    case "delete": {
      const { action, id: _, conversation_id: __, ...fields } = frame;
      return [{ type: action, sender_id, ...fields }];
    }
    case "react": {
      const { client_id, target_seq, reaction, remove } = frame;
      return [{ type: "reaction", sender_id, client_id, target_seq, reaction, ...(remove ? { removed: true } : {}) }];
    }
    default:
      return [];
  }
}

export function eventsFrame(events: WireEvent[]): ServerFrame {
  return { type: "events", conversation_id: CHAT, events };
}
