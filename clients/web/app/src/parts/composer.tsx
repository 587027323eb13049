import type { Natter } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { alert } from "../state/announce.js";
import { excess, isSendKey, mentioned, sendable } from "../state/composing.js";
import { type Draft, draftOf, setDraft } from "../state/drafts.js";
import { enterSends } from "../state/preferences.js";
import type { Room } from "../state/room.js";
import { send as sendKept } from "../state/sending.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { Icon } from "./icons.js";
import { MentionList, useMentions } from "./mentions.js";
import { nameOf } from "./names.js";
import { previewOf, wordsOf } from "./preview.js";

/** What the screen does with the composer. */
export interface ComposerProps {
  readonly room: Room;
  readonly name: string;
  /** The place of the message that is edited. */
  readonly editing: number | undefined;
  /** Files were picked, or pasted. */
  onFiles(files: readonly File[]): void;
  onEdit(seq: number | undefined): void;
  /** ArrowUp, where nothing is written. */
  onEditLast(): void;
  onSent(): void;
}

/** Where one writes; what is written is a draft until it is sent, and is never lost. */
export function Composer({ room, name, editing, onFiles, onEdit, onEditLast, onSent }: ComposerProps) {
  const { natter } = useSession();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const draft = draftOf(room.id).value;
  /** What the edited message is to say; the draft waits meanwhile. */
  const edit = useSignal<string | undefined>(undefined);
  const isEditing = editing !== undefined;
  const text = isEditing ? (edit.value ?? textOf(room, editing)) : (draft?.text ?? "");
  const over = excess(text);
  const mentions = useMentions(room, field);
  // At once: what is typed before the next frame is not to be lost.
  useLayoutEffect(() => {
    edit.value = undefined;
    if (isEditing || draft?.reply_to !== undefined) focusAtEnd(field.current);
  }, [editing, draft?.reply_to]);
  useTyping(room, isEditing ? "" : text);
  const write = (value: string) => {
    if (isEditing) edit.value = value;
    else setDraft(room.id, { ...draftOf(room.id).peek(), text: value });
  };
  const send = async () => {
    const written = field.current?.value ?? "";
    const said = sendable(written);
    if (said === "" || excess(written) > 0) return;
    if (isEditing) {
      const before = room.message(editing)?.content;
      onEdit(undefined);
      field.current?.focus();
      if (said === wordsOf(before)) return;
      await room.chat.edit(editing, before?.type === "attachment" ? { ...before, text: said } : said);
      return;
    }
    await sendDraft(natter, room, said, draftOf(room.id).peek());
    room.spoke();
    onSent();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (mentions.onKeyDown(event)) return;
    if (isSendKey(event, enterSends.value)) {
      event.preventDefault();
      void send();
    } else if (event.key === "ArrowUp" && field.current?.value === "" && !isEditing) {
      event.preventDefault();
      onEditLast();
    } else if (event.key === "Escape" && (isEditing || draft?.reply_to !== undefined)) {
      event.preventDefault();
      if (isEditing) onEdit(undefined);
      else setDraft(room.id, { text, ...(draft?.mentions ? { mentions: draft.mentions } : {}) });
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Context room={room} draft={draft} editing={editing} onStopEdit={() => onEdit(undefined)} />
      <AttachButton onFiles={onFiles} />
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        enterkeyhint={enterSends.value ? "send" : "enter"}
        aria-label={t.composer.label(name)}
        aria-invalid={over > 0}
        aria-describedby={`${id}-over`}
        placeholder={t.composer.placeholder}
        value={text}
        {...mentions.attributes}
        onInput={(event) => {
          write(event.currentTarget.value);
          mentions.onInput();
        }}
        onBlur={() => mentions.close()}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const files = [...(event.clipboardData?.files ?? [])];
          if (files.length === 0) return;
          event.preventDefault();
          onFiles(files);
        }}
      />
      <button type="submit" class="primary icon" aria-label={isEditing ? t.composer.save : t.composer.send}>
        <Icon of={isEditing ? "check" : "send"} />
      </button>
      <p class="error" role="status" id={`${id}-over`}>
        {over > 0 ? t.composer.tooLong(over) : null}
      </p>
      <MentionList
        mentions={mentions}
        onPick={(member) => {
          const picked = mentions.insert(text, member);
          if (isEditing) edit.value = picked.text;
          else {
            const known = { ...draft?.mentions, [member.display_name]: member.user_id };
            setDraft(room.id, { ...draft, text: picked.text, mentions: known });
          }
          mentions.moveTo(picked.cursor);
        }}
      />
    </form>
  );
}

/** Takes it out of the field at once, and forgets the draft when it is stored as sent. */
async function sendDraft(natter: Natter, room: Room, said: string, draft: Draft | undefined): Promise<void> {
  const ids = mentioned(said, draft?.mentions ?? {});
  setDraft(room.id, undefined);
  try {
    await sendKept(natter, room.id, said, {
      ...(draft?.reply_to === undefined ? {} : { reply_to: draft.reply_to }),
      ...(ids.length === 0 ? {} : { mentions: ids }),
    });
  } catch {
    // What was written meanwhile comes after it.
    const since = draftOf(room.id).peek()?.text;
    setDraft(room.id, { ...draft, text: since ? `${said}\n${since}` : said });
    alert(t.composer.notStored);
  }
}

interface ContextProps {
  readonly room: Room;
  readonly draft: Draft | undefined;
  readonly editing: number | undefined;
  onStopEdit(): void;
}

/** What one edits, or answers. */
function Context({ room, draft, editing, onStopEdit }: ContextProps) {
  const session = useSession();
  if (editing !== undefined) {
    return (
      <Bar title={t.composer.editing} text={textOf(room, editing)} stop={t.composer.stopEdit} onStop={onStopEdit} />
    );
  }
  const { reply_to, ...rest } = draft ?? { text: "" };
  if (reply_to === undefined) return null;
  const said = room.message(reply_to);
  return (
    <Bar
      title={t.composer.replying(said ? nameOf(session, said.sender_id) : "")}
      text={said ? previewOf(said) : t.message.replyGone}
      stop={t.composer.stopReply}
      onStop={() => setDraft(room.id, rest)}
    />
  );
}

function Bar(props: { readonly title: string; readonly text: string; readonly stop: string; onStop(): void }) {
  return (
    <div class="context">
      <p>
        <b>{props.title}</b>
        <span dir="auto">{props.text}</span>
      </p>
      <button type="button" class="icon" aria-label={props.stop} onClick={props.onStop}>
        <Icon of="close" />
      </button>
    </div>
  );
}

function AttachButton({ onFiles }: { onFiles(files: File[]): void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="icon" aria-label={t.composer.attach} onClick={() => input.current?.click()}>
        <Icon of="attach" />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t.composer.attach}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
    </>
  );
}

/** Others see that one types, while one does; how often they are told is left to the SDK. */
function useTyping(room: Room, text: string): void {
  const before = useRef(text);
  useEffect(() => {
    if (text === before.current) return;
    before.current = text;
    if (text === "") room.chat.stoppedTyping();
    else room.chat.typing();
  }, [text]);
}

/** What a message says that is to be said otherwise. */
function textOf(room: Room, seq: number): string {
  return wordsOf(room.message(seq)?.content) ?? "";
}

function focusAtEnd(field: HTMLTextAreaElement | null): void {
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}
