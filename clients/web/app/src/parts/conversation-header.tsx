import type { Room } from "../state/room.js";
import { hrefOf } from "../state/route.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { agoOf } from "./time.js";

/** Whom one talks to, and how they are. */
export function ConversationHeader({ room, name }: { readonly room: Room; readonly name: string }) {
  const summary = room.summary.value;
  return (
    <header>
      <a class="icon button back" href="#/" aria-label={t.back}>
        <Icon of="back" />
      </a>
      <Avatar id={summary?.peer?.user_id ?? room.id} name={name} />
      <div class="who">
        <h1 tabIndex={-1}>
          <bdi>{name}</bdi>
        </h1>
        <Status room={room} />
      </div>
      <a class="button" href={hrefOf({ to: "info", id: room.id })}>
        {t.conversation.info}
      </a>
    </header>
  );
}

function Status({ room }: { readonly room: Room }) {
  const { presence } = useSession();
  const summary = room.summary.value;
  if (!summary) return null;
  if (summary.kind === "group") return <p class="quiet">{t.conversation.members(summary.member_count)}</p>;
  const state = summary.peer && presence.of(summary.peer.user_id);
  if (!state) return null;
  if (state.state !== "offline") {
    return <p class="quiet">{state.state === "online" ? t.conversation.online : t.conversation.away}</p>;
  }
  const { last_seen_at } = state;
  return last_seen_at === undefined ? null : <p class="quiet">{t.conversation.lastSeen(agoOf(last_seen_at))}</p>;
}
