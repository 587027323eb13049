import type { MemberItem } from "@natter/client";
import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useId } from "preact/hooks";
import { mentionAt } from "../state/composing.js";
import { membersOf } from "../state/members.js";
import type { Room } from "../state/room.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { Avatar } from "./avatar.js";

const MOST = 6;

interface Open {
  readonly start: number;
  readonly end: number;
  readonly found: readonly MemberItem[];
  readonly chosen: number;
}

/** The list of people that opens after an `@`; the focus stays where one writes (APG, combobox). */
export function useMentions(room: Room, field: RefObject<HTMLTextAreaElement | null>) {
  const session = useSession();
  const id = useId();
  const open = useSignal<Open | undefined>(undefined);
  const close = () => {
    open.value = undefined;
  };
  const onInput = async () => {
    const textarea = field.current;
    const typed = textarea && mentionAt(textarea.value, textarea.selectionStart);
    if (!typed || room.summary.peek()?.kind !== "group") return close();
    const end = textarea.selectionStart;
    const members = await membersOf(session, room.id).catch(() => []);
    if (textarea.selectionStart !== end) return; // one has written on
    const query = typed.query.toLocaleLowerCase();
    const found = members
      .filter((each) => each.user_id !== session.me && startsSo(each.display_name, query))
      .slice(0, MOST);
    open.value = found.length > 0 ? { start: typed.start, end, found, chosen: 0 } : undefined;
  };
  const pick: { current(member: MemberItem): void } = { current: () => undefined };
  return {
    id,
    open,
    close,
    pick,
    onInput: () => void onInput(),
    attributes: {
      "aria-autocomplete": "list" as const,
      ...(open.value ? { "aria-controls": id, "aria-activedescendant": `${id}-${open.value.chosen}` } : {}),
    },
    /** Whether the key was for the list. */
    onKeyDown(event: KeyboardEvent): boolean {
      const now = open.value;
      if (!now || event.isComposing) return false;
      const { found, chosen } = now;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const step = event.key === "ArrowDown" ? 1 : found.length - 1;
        open.value = { ...now, chosen: (chosen + step) % found.length };
      } else if (event.key === "Escape") close();
      else if (event.key === "Enter" || event.key === "Tab") pick.current(found[chosen] as MemberItem);
      else return false;
      event.preventDefault();
      return true;
    },
    insert(text: string, member: MemberItem): { text: string; cursor: number } {
      const { start, end } = open.peek() as Open;
      const name = `@${member.display_name} `;
      close();
      return { text: text.slice(0, start) + name + text.slice(end), cursor: start + name.length };
    },
    moveTo(cursor: number): void {
      requestAnimationFrame(() => {
        field.current?.focus();
        field.current?.setSelectionRange(cursor, cursor);
      });
    },
  };
}

type Mentions = ReturnType<typeof useMentions>;

export function MentionList({ mentions, onPick }: { readonly mentions: Mentions; onPick(member: MemberItem): void }) {
  mentions.pick.current = onPick;
  const now = mentions.open.value;
  if (!now) return null;
  return (
    <div role="listbox" id={mentions.id} class="mentions" aria-label={t.composer.mentions}>
      {now.found.map((member, index) => (
        <div
          key={member.user_id}
          id={`${mentions.id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === now.chosen}
          // Before the field loses the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            onPick(member);
          }}
        >
          <Avatar id={member.user_id} name={member.display_name} />
          <bdi>{member.display_name}</bdi>
        </div>
      ))}
    </div>
  );
}

/** Whether the name, or one of its words, begins so. */
function startsSo(name: string, query: string): boolean {
  const lower = name.toLocaleLowerCase();
  return lower.startsWith(query) || lower.split(/\s+/u).some((word) => word.startsWith(query));
}
