import type { MemberItem } from "@natter/client";
import { pagesOf } from "./pages.js";
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
  const path = `/v1/conversations/${id}/members`;
  for await (const page of pagesOf<MemberItem>(natter, path, { limit: 200, most: MOST_PAGES })) members.push(...page);
  people.learn(members);
  return members;
}
