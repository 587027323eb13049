import { signal, useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Avatar } from "../parts/avatar.js";
import { errorText } from "../parts/errors.js";
import { useKeptFocus } from "../parts/focus.js";
import { Icon } from "../parts/icons.js";
import { Menu } from "../parts/menu.js";
import { nameOf, titleOf } from "../parts/names.js";
import { previewOf, wordsOf } from "../parts/preview.js";
import { shortTime } from "../parts/time.js";
import { alert, isMuted } from "../state/announce.js";
import { draftOf } from "../state/drafts.js";
import { FOR_EVER_MS, type Summary } from "../state/inbox.js";
import { hrefOf, route } from "../state/route.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";

/** As in styles/shell.css: there is room for one thing at a time. */
const narrow = matchMedia("(width < 45rem)");
const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => {
  isNarrow.value = narrow.matches;
});

/** All conversations, and what can be begun from there. */
export function InboxScreen() {
  const { inbox } = useSession();
  const self = useRef<HTMLElement>(null);
  useKeptFocus(self, () => self.current?.querySelector<HTMLElement>("li > a, input")?.focus());
  const search = useSignal("");
  const isArchive = useSignal(false);
  const rows = useComputed(() => {
    const wanted = search.value.trim().toLocaleLowerCase();
    if (wanted === "") return inbox.all.value.filter((each) => each.archived === isArchive.value);
    return inbox.all.value.filter((each) => matches(each, wanted));
  });
  const isAlone = useComputed(() => isNarrow.value && route.value.to === "inbox");
  const hasArchive = useComputed(() => inbox.all.value.some((each) => each.archived));
  return (
    <section ref={self} class="inbox" role={isAlone.value ? "main" : "navigation"} aria-label={t.inbox.title}>
      <header>
        <h1>{t.inbox.title}</h1>
        <a class="button icon" href="#/new" aria-label={t.inbox.start} title={t.inbox.start}>
          <Icon of="add" />
        </a>
        <a class="button icon" href="#/settings" aria-label={t.inbox.settings} title={t.inbox.settings}>
          <Icon of="settings" />
        </a>
      </header>
      <input
        type="search"
        class="search"
        aria-label={t.inbox.search}
        placeholder={t.inbox.search}
        value={search}
        onInput={(event) => {
          search.value = event.currentTarget.value;
        }}
      />
      <p class="hidden" role="status">
        {search.value.trim() === "" ? null : t.inbox.found(rows.value.length)}
      </p>
      {hasArchive.value && search.value === "" ? (
        <button
          type="button"
          class="filter"
          aria-pressed={isArchive.value}
          onClick={() => {
            isArchive.value = !isArchive.value;
          }}
        >
          {t.inbox.archived}
        </button>
      ) : null}
      <Empty isSearch={search.value.trim() !== ""} count={rows.value.length} />
      <ul aria-label={t.inbox.list}>
        {rows.value.map((each) => (
          <Row key={each.conversation_id} of={each} />
        ))}
      </ul>
      {inbox.hasMore.value ? (
        <button type="button" class="more" onClick={() => void inbox.more()} aria-disabled={inbox.isLoading.value}>
          {inbox.isLoading.value ? t.loading : t.more}
        </button>
      ) : null}
    </section>
  );
}

function Empty({ isSearch, count }: { readonly isSearch: boolean; readonly count: number }) {
  const { inbox } = useSession();
  if (count > 0) return null;
  if (isSearch) return <p class="empty">{t.inbox.nothingFound}</p>;
  if (inbox.hasMore.value === undefined) return <p class="empty">{t.loading}</p>;
  return (
    <p class="empty">
      {t.inbox.empty} {t.inbox.emptyHint}
    </p>
  );
}

/** By what it is called, and by what is held of what was said there. */
function matches(summary: Summary, wanted: string): boolean {
  if (titleOf(summary).toLocaleLowerCase().includes(wanted)) return true;
  return summary.snapshot.messages.some(({ content }) => wordsOf(content)?.toLocaleLowerCase().includes(wanted));
}

function Row({ of }: { readonly of: Summary }) {
  const { presence } = useSession();
  const id = of.conversation_id;
  const to = route.value;
  const isOpen = (to.to === "conversation" || to.to === "info") && to.id === id;
  const name = titleOf(of);
  const state = of.peer && presence.of(of.peer.user_id)?.state;
  const muted = isMuted(of.muted_until);
  return (
    <li data-unread={of.unread > 0} data-muted={muted}>
      <a href={hrefOf({ to: "conversation", id })} {...(isOpen ? { "aria-current": "page" as const } : {})}>
        <Avatar id={of.peer?.user_id ?? id} name={name} {...(state ? { state } : {})} />
        <bdi class="name">{name}</bdi>
        {state === "online" || state === "away" ? <span class="hidden">, {t.inbox[state]}</span> : null}
        {muted ? (
          <span class="muted">
            <Icon of="muted" />
            <span class="hidden">, {t.inbox.muted}</span>
          </span>
        ) : null}
        <time dateTime={new Date(of.head.at).toISOString()}>{shortTime(of.head.at)}</time>
        <Last of={of} />
        {of.unread > 0 ? (
          <span class="badge">
            <span aria-hidden="true">{of.unread > 99 ? "99+" : of.unread}</span>
            <span class="hidden">{t.inbox.unread(of.unread)}</span>
          </span>
        ) : null}
      </a>
      <RowMenu of={of} name={name} muted={muted} />
    </li>
  );
}

/** What was said last, or what one has begun to say. */
function Last({ of }: { readonly of: Summary }) {
  const session = useSession();
  const draft = draftOf(of.conversation_id).value;
  if (draft && draft.text !== "") {
    return (
      <span class="last">
        <span class="draft">{t.inbox.draft}</span> <span dir="auto">{draft.text}</span>
      </span>
    );
  }
  const said = of.snapshot.messages.at(-1) ?? (of.last_message?.type === "message" ? of.last_message : undefined);
  if (!said) return <span class="last" />;
  const isNamed = of.kind === "group" || said.sender_id === session.me;
  const isWaiting = "state" in said && said.state !== "placed";
  return (
    <span class="last" data-state={isWaiting ? said.state : undefined}>
      {isNamed ? <bdi>{nameOf(session, said.sender_id)}: </bdi> : null}
      <span dir="auto">{previewOf(said)}</span>
    </span>
  );
}

function RowMenu({ of, name, muted }: { readonly of: Summary; readonly name: string; readonly muted: boolean }) {
  const { inbox } = useSession();
  const set = (patch: { muted_until?: number | null; archived?: boolean }) => {
    inbox.set(of.conversation_id, patch).catch((error) => alert(errorText(error)));
  };
  const items = [
    muted
      ? { label: t.inbox.unmute, onSelect: () => set({ muted_until: null }) }
      : { label: t.inbox.mute, onSelect: () => set({ muted_until: Date.now() + FOR_EVER_MS }) },
    of.archived
      ? { label: t.inbox.unarchive, onSelect: () => set({ archived: false }) }
      : { label: t.inbox.archive, onSelect: () => set({ archived: true }) },
  ];
  return (
    <Menu label={t.inbox.actions(name)} items={items} class="actions">
      <Icon of="more" />
    </Menu>
  );
}
