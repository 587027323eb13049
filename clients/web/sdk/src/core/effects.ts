/** What an `edit`, `delete`, `reaction` or `member_erased` does to an event before it. */

import type { Delete, Edit, MemberErased, Message, Reaction, ReactionField, WireEvent } from "../protocol.js";

const NAMED = 20;

export type Effect = Edit | Delete | Reaction | MemberErased;

export function isEffect(event: WireEvent): event is Effect {
  return ["edit", "delete", "reaction", "member_erased"].includes(event.type);
}

/** What comes live has its reactions still to come, as events, even where a retry is shown a message as it is now. */
export function withoutReactions(event: WireEvent): WireEvent {
  if (event.type !== "message" || event.reactions === undefined) return event;
  const { reactions: _, ...rest } = event;
  return rest;
}

/**
 * `event` after `effect`; the same object if nothing changes.
 *
 * @param known up to which place it is known what happened to it
 * @param at the events that are held
 */
export function changedByEffect(
  event: WireEvent,
  effect: Effect,
  known: number,
  me: string,
  at: (seq: number) => WireEvent | undefined,
): WireEvent {
  if (event.type === "edit") return isOver(event, effect, at) ? withoutContent(event) : event;
  if (event.type !== "message" || event.deleted_at !== undefined || effect.seq <= known) return event;
  if (effect.type === "member_erased") {
    return event.sender_id === effect.user_id && event.seq < effect.seq ? deleted(event, effect.at) : event;
  }
  if (event.seq !== effect.target_seq) return event;
  if (effect.type === "delete") return deleted(event, effect.at);
  if (effect.type === "reaction") return withReaction(event, effect, me);
  return effect.content ? { ...event, content: effect.content, edited_at: effect.at } : event;
}

/** Whether what an edit says does not stand any more. */
function isOver(edit: Edit, effect: Effect, at: (seq: number) => WireEvent | undefined): boolean {
  if (edit.content === undefined) return false;
  if (edit.seq === effect.seq) {
    const target = at(edit.target_seq);
    return target?.type === "message" && target.deleted_at !== undefined;
  }
  if (effect.type === "member_erased") return edit.sender_id === effect.user_id;
  return effect.type !== "reaction" && edit.target_seq === effect.target_seq;
}

function withoutContent(edit: Edit): Edit {
  const { content: _, ...rest } = edit;
  return rest;
}

function deleted(message: Message, at: number): Message {
  const { seq, type, sender_id, client_id } = message;
  return { seq, type, at: message.at, sender_id, ...(client_id === undefined ? {} : { client_id }), deleted_at: at };
}

function withReaction(message: Message, effect: Reaction, me: string): Message {
  const before = message.reactions ?? [];
  const there = before.find((each) => each.reaction === effect.reaction);
  const after = effect.removed ? there && removed(there, effect.sender_id, me) : set(there, effect, me);
  if (after === there) return message;
  const { reactions: _, ...rest } = message;
  const reactions = there
    ? before.map((each) => (each === there && after ? after : each)).filter((each) => each.count > 0)
    : [...before, ...(after ? [after] : [])];
  return reactions.length > 0 ? { ...rest, reactions } : rest;
}

function set(there: ReactionField | undefined, effect: Reaction, me: string): ReactionField {
  const user = effect.sender_id;
  const { user_ids, count, mine }: Omit<ReactionField, "reaction"> = there ?? { user_ids: [], count: 0, mine: false };
  if (there && (user_ids.includes(user) || (user === me && mine))) return there;
  const named = user_ids.length < NAMED ? [...user_ids, user] : user_ids;
  return { reaction: effect.reaction, count: count + 1, mine: mine || user === me, user_ids: named };
}

function removed(there: ReactionField, user: string, me: string): ReactionField {
  const isNamed = there.user_ids.includes(user);
  const isThere = isNamed || (user === me ? there.mine : there.count > there.user_ids.length);
  if (!isThere) return there;
  const user_ids = there.user_ids.filter((each) => each !== user);
  return { ...there, count: there.count - 1, mine: there.mine && user !== me, user_ids };
}
