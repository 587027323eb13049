import type { Room } from "../state/room.js";
import type { MessageView } from "../state/rows.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { nameOf } from "./names.js";

/** What others feel about it: each is a button that adds one's own, or takes it back. */
export function Reactions({
  room,
  message,
  isCurrent,
}: {
  readonly room: Room;
  readonly message: MessageView;
  readonly isCurrent: boolean;
}) {
  const session = useSession();
  const { reactions = [], seq } = message;
  if (reactions.length === 0 || seq === undefined) return null;
  return (
    <ul class="reactions">
      {reactions.map(({ reaction, count, mine, user_ids }) => (
        <li key={reaction}>
          <button
            type="button"
            tabIndex={isCurrent ? 0 : -1}
            aria-pressed={mine}
            aria-label={t.message.reaction(reaction, count, mine)}
            title={user_ids.map((id) => nameOf(session, id)).join(", ")}
            onClick={() => void room.chat.react(seq, reaction, mine ? { remove: true } : {})}
          >
            {reaction} <span>{count}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
