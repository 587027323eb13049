import {
  type ConversationSnapshot,
  type Entry,
  isSettled,
  type ReactionField,
  type ShownMessage,
  type WireEvent,
} from "@natter/client";

/** Said by the same one within so long, messages stand together. */
const TOGETHER_MS = 300_000;

/** A message with what one has done to it, before that has its place. */
export interface MessageView extends ShownMessage {
  /** An edit or deletion that is under way, or was refused. */
  readonly change?: Entry;
}

interface Lines {
  readonly key: string;
  /** The first of its day: the line above it says which. */
  readonly day?: number;
  /** The first that was unread when one came. */
  readonly isUnread: boolean;
}

export type SystemEvent = Exclude<WireEvent, { type: "message" | "edit" | "delete" | "reaction" }>;

/** What the list shows one of after the other. */
export type Row =
  | (Lines & { readonly kind: "message"; readonly message: MessageView; readonly isFirst: boolean })
  | (Lines & { readonly kind: "event"; readonly event: SystemEvent });

/**
 * The rows of a conversation.
 *
 * @param unreadAfter up to where everything was read when one came, if there was something unread
 * @param now when it is: what waits is of today
 */
export function rowsOf(
  snapshot: ConversationSnapshot,
  me: string,
  unreadAfter: number | undefined,
  now = Date.now(),
): Row[] {
  const changes = changesOf(snapshot.pending);
  const rows: Row[] = [];
  let before: { at: number; sender: string | undefined } | undefined;
  let day = NO_DAY;
  let hasDivider = false;
  for (const each of inOrder(snapshot)) {
    const at = each.at ?? now;
    const isNewDay = at < day.from || at >= day.to;
    if (isNewDay) day = dayOf(at);
    const isOthers = each.sender_id !== me && each.seq !== undefined;
    const isUnread: boolean =
      !hasDivider && unreadAfter !== undefined && isOthers && (each.seq as number) > unreadAfter;
    hasDivider ||= isUnread;
    const lines = { isUnread, ...(isNewDay ? { day: at } : {}) };
    if ("key" in each) {
      const apart = isNewDay || isUnread || before?.sender !== each.sender_id || at - before.at > TOGETHER_MS;
      const entries = changes.get(each.seq ?? -1);
      const message = entries ? changed(each, entries, me) : each;
      rows.push({ kind: "message", key: each.key, message, isFirst: apart, ...lines });
      before = { at, sender: each.sender_id };
    } else {
      rows.push({ kind: "event", key: `e${each.seq}`, event: each, ...lines });
      before = { at, sender: undefined };
    }
  }
  return rows;
}

const NO_DAY = { from: 0, to: 0 };

/** From when to when it lasts: to ask that of thousands of messages, one by one, would be felt. */
function dayOf(at: number): { readonly from: number; readonly to: number } {
  const day = new Date(at);
  const from = day.setHours(0, 0, 0, 0);
  return { from, to: day.setDate(day.getDate() + 1) };
}

/** Messages, and what else happened, by their places. */
function* inOrder({ messages, events }: ConversationSnapshot): Generator<ShownMessage | SystemEvent> {
  const system = events.filter(isSystem);
  let next = 0;
  for (const message of messages) {
    const seq = message.seq ?? Number.POSITIVE_INFINITY;
    for (let event = system[next]; event && event.seq < seq; event = system[++next]) yield event;
    yield message;
  }
  yield* system.slice(next);
}

function isSystem(event: WireEvent): event is SystemEvent {
  return !["message", "edit", "delete", "reaction"].includes(event.type);
}

function changesOf(pending: readonly Entry[]): Map<number, Entry[]> {
  const changes = new Map<number, Entry[]>();
  for (const entry of pending) {
    const target = (entry.fields as { target_seq?: number }).target_seq;
    if (target !== undefined) changes.set(target, [...(changes.get(target) ?? []), entry]);
  }
  return changes;
}

/** As it will be once everything that one did has its place; what was refused stands as it was. */
function changed(message: ShownMessage, entries: readonly Entry[], me: string): MessageView {
  let view: MessageView = message;
  for (const entry of entries) {
    const isOver = isSettled(entry);
    const fields = entry.fields as { content?: ShownMessage["content"]; reaction?: string; remove?: boolean };
    if (entry.action === "react") {
      if (!isOver && fields.reaction !== undefined) {
        view = { ...view, reactions: reacted(view.reactions ?? [], fields.reaction, !fields.remove, me) };
      }
    } else if (isOver) view = { ...view, change: entry };
    else if (entry.action === "edit" && fields.content) view = { ...view, content: fields.content, change: entry };
    else if (entry.action === "delete") view = { ...view, change: entry };
  }
  return view;
}

function reacted(before: readonly ReactionField[], reaction: string, isSet: boolean, me: string): ReactionField[] {
  const there = before.find((each) => each.reaction === reaction);
  if (!there) return isSet ? [...before, { reaction, count: 1, mine: true, user_ids: [me] }] : [...before];
  if (there.mine === isSet) return [...before];
  const after = { ...there, mine: isSet, count: there.count + (isSet ? 1 : -1) };
  return before.map((each) => (each === there ? after : each)).filter((each) => each.count > 0);
}

/** How far one's own message has come, beyond its place: to everybody, or to some. */
export type Reach = { readonly is: "sent" | "delivered" | "read" } | { readonly is: "read_by"; readonly count: number };

export function reachOf(seq: number, others: ConversationSnapshot["others"], isDirect: boolean): Reach {
  const cursors = Object.values(others);
  const read = cursors.filter((each) => each.read_seq >= seq).length;
  if (isDirect) {
    if (read > 0) return { is: "read" };
    return { is: cursors.some((each) => each.delivered_seq >= seq) ? "delivered" : "sent" };
  }
  return read > 0 ? { is: "read_by", count: read } : { is: "sent" };
}
