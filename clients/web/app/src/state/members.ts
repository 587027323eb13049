import type { MemberItem, MembersAnswer } from "@natter/client";
import type { Session } from "./session.js";

const MOST_PAGES = 5;
const held = new WeakMap<Session, Map<string, Promise<readonly MemberItem[]>>>();

/** Who is in a conversation, for mentions: asked for once while one is signed in. */
export function membersOf(session: Session, conversationId: string): Promise<readonly MemberItem[]> {
  const mine = held.get(session) ?? new Map<string, Promise<readonly MemberItem[]>>();
  held.set(session, mine);
  const there = mine.get(conversationId);
  if (there) return there;
  const asked = fetchAll(session, conversationId);
  mine.set(conversationId, asked);
  asked.catch(() => mine.delete(conversationId));
  return asked;
}

/** They have changed. */
export function forgetMembers(session: Session, conversationId: string): void {
  held.get(session)?.delete(conversationId);
}

async function fetchAll({ natter, people }: Session, id: string): Promise<readonly MemberItem[]> {
  const members: MemberItem[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = (await natter.call("GET", `/v1/conversations/${id}/members?limit=200${query}`)) as MembersAnswer;
    members.push(...answer.items);
    cursor = answer.next_cursor;
    if (cursor === undefined) break;
  }
  people.learn(members);
  return members;
}
