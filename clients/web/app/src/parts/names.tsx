import type { Summary } from "../state/inbox.js";
import type { Session } from "../state/session.js";
import { t } from "../strings/index.js";

/** What somebody is called; reading it in a component follows it. */
export function nameOf({ people, me }: Pick<Session, "people" | "me">, userId: string): string {
  if (userId === me) return t.you;
  const person = people.of(userId).value;
  if (person === null) return t.deletedUser;
  return person?.display_name ?? t.unknownUser;
}

/** What a conversation is called: its title, or who the other one is. */
export function titleOf({ title, peer }: Pick<Summary, "title" | "peer">): string {
  if (title !== undefined) return title;
  return peer && !peer.deleted ? peer.display_name : t.deletedUser;
}
