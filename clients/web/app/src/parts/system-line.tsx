import type { SystemEvent } from "../state/rows.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { nameOf } from "./names.js";

/** What happened that nobody said. */
export function SystemLine({ event, isCurrent }: { readonly event: SystemEvent; readonly isCurrent: boolean }) {
  const session = useSession();
  const name = (id: string) => nameOf(session, id);
  return (
    <p class="system" tabIndex={isCurrent ? 0 : -1}>
      {textOf(event, name)}
    </p>
  );
}

function textOf(event: SystemEvent, name: (id: string) => string): string {
  const by = name(event.sender_id);
  switch (event.type) {
    case "conversation_created":
      return t.system.created(by);
    case "member_added": {
      const added = event.members.map((each) => each.user_id);
      return added.includes(event.sender_id) ? t.system.joined(by) : t.system.added(by, added.map(name).join(", "));
    }
    case "member_removed":
      return event.user_id === event.sender_id ? t.system.left(by) : t.system.removed(by, name(event.user_id));
    case "member_erased":
      return t.system.erased;
    case "role_changed":
      return t.system.role(name(event.user_id), t.system.roles[event.role] ?? event.role);
    case "conversation_changed":
      return event.title === undefined ? t.system.changed(by) : t.system.renamed(by, event.title);
  }
}
