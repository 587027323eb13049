import { useComputed, useSignal } from "@preact/signals";
import { Avatar } from "../parts/avatar.js";
import { nameOf, titleOf } from "../parts/names.js";
import { previewOf } from "../parts/preview.js";
import { shortTime } from "../parts/time.js";
import type { Summary } from "../state/inbox.js";
import { hrefOf, route } from "../state/route.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";

/** All conversations, and what can be begun from there. */
export function InboxScreen() {
  const { inbox } = useSession();
  const search = useSignal("");
  const rows = useComputed(() => {
    const wanted = search.value.trim().toLocaleLowerCase();
    return inbox.all.value.filter(
      (each) => (wanted !== "" || !each.archived) && titleOf(each).toLocaleLowerCase().includes(wanted),
    );
  });
  return (
    <nav class="inbox" aria-label={t.inbox.title}>
      <header>
        <h2>{t.inbox.title}</h2>
        <a class="button" href="#/new">
          {t.inbox.start}
        </a>
        <a class="button" href="#/settings">
          {t.inbox.settings}
        </a>
      </header>
      <input
        type="search"
        aria-label={t.inbox.search}
        placeholder={t.inbox.search}
        value={search}
        onInput={(event) => {
          search.value = event.currentTarget.value;
        }}
      />
      {rows.value.length === 0 ? <p class="empty">{t.inbox.empty}</p> : null}
      <ul aria-label={t.inbox.list}>
        {rows.value.map((each) => (
          <Row key={each.conversation_id} of={each} />
        ))}
      </ul>
    </nav>
  );
}

function Row({ of }: { readonly of: Summary }) {
  const session = useSession();
  const id = of.conversation_id;
  const to = route.value;
  const isOpen = (to.to === "conversation" || to.to === "info") && to.id === id;
  const last = of.snapshot.messages.at(-1) ?? of.last_message;
  return (
    <li>
      <a href={hrefOf({ to: "conversation", id })} {...(isOpen ? { "aria-current": "page" as const } : {})}>
        <Avatar id={of.peer?.user_id ?? id} name={titleOf(of)} />
        <bdi class="name">{titleOf(of)}</bdi>
        <time dateTime={new Date(of.head.at).toISOString()}>{shortTime(of.head.at)}</time>
        <span class="last" dir="auto">
          {last && (!("type" in last) || last.type === "message")
            ? `${of.kind === "group" || last.sender_id === session.me ? `${nameOf(session, last.sender_id)}: ` : ""}${previewOf(last)}`
            : null}
        </span>
        {of.unread > 0 ? (
          <span class="badge">
            <span aria-hidden="true">{of.unread}</span>
            <span class="hidden">{t.inbox.unread(of.unread)}</span>
          </span>
        ) : null}
      </a>
    </li>
  );
}
