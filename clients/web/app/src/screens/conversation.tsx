import type { ShownMessage } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Composer } from "../parts/composer.js";
import { ConversationHeader } from "../parts/conversation-header.js";
import { type ListHandle, MessageList } from "../parts/message-list.js";
import { nameOf, titleOf } from "../parts/names.js";
import { wordsOf } from "../parts/preview.js";
import { announce } from "../state/announce.js";
import { draftOf, setDraft } from "../state/drafts.js";
import { Room } from "../state/room.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { lazy } from "./lazy.js";

const loadUpload = () => import("../parts/upload/index.js");
const UploadTray = lazy(async () => ({ default: (await loadUpload()).UploadTray }));

/** One conversation: what was said, and what is to be said. */
export default function ConversationScreen({ id, seq }: { readonly id: string; readonly seq?: number | undefined }) {
  const session = useSession();
  const room = useMemo(() => new Room(session, id), [session, id]);
  useEffect(() => () => room.end(), [room]);
  const addFiles = (files: readonly File[]) => {
    void loadUpload().then((upload) => upload.addFiles(id, files));
  };
  const list = useRef<ListHandle>(null);
  const editing = useSignal<number | undefined>(undefined);
  const summary = room.summary.value;
  const name = summary ? titleOf(summary) : t.unknownUser;
  const jump = async (to: number) => {
    if (await room.reach(to)) requestAnimationFrame(() => list.current?.reveal(to));
    else announce(t.conversation.olderFailed);
  };
  useEffect(() => {
    if (seq !== undefined) void jump(seq);
  }, [room, seq]);
  useArrival(room);
  if (room.isGone.value) {
    return (
      <main class="nothing" id="main" tabIndex={-1}>
        <p>{t.conversation.gone}</p>
        <a href="#/">{t.back}</a>
      </main>
    );
  }
  const edit = (to: number | undefined) => {
    editing.value = to;
  };
  return (
    <main class="conversation" id="main" {...dropZone(addFiles)}>
      <ConversationHeader room={room} name={name} />
      <MessageList
        room={room}
        name={name}
        handle={list}
        onReply={(to) => {
          editing.value = undefined;
          setDraft(id, { text: "", ...draftOf(id).peek(), reply_to: to });
        }}
        onEdit={edit}
        onJump={(to) => void jump(to)}
      />
      <Typing room={room} />
      <UploadTray conversationId={id} />
      <Composer
        room={room}
        name={name}
        editing={editing.value}
        onFiles={addFiles}
        onEdit={edit}
        onEditLast={() => {
          const last = room.snapshot.peek().messages.findLast((each) => isEditable(each, session.me));
          if (last) edit(last.seq);
        }}
        onSent={() => requestAnimationFrame(() => list.current?.toEnd())}
      />
    </main>
  );
}

function isEditable({ sender_id, seq, content }: ShownMessage, me: string): boolean {
  return sender_id === me && seq !== undefined && wordsOf(content) !== undefined;
}

/** Who types, for who sees it: it would be too much to be read out. */
function Typing({ room }: { readonly room: Room }) {
  const session = useSession();
  const names = room.snapshot.value.typing.map((each) => nameOf(session, each));
  return (
    <p class="typing" aria-live="off">
      {names.length > 0 ? t.conversation.typing(names) : null}
    </p>
  );
}

/** Whoever comes here with a keyboard writes at once; elsewhere the focus is at the beginning. */
function useArrival(room: Room): void {
  useEffect(() => {
    const main = document.getElementById("main");
    const isKeyboard = matchMedia("(pointer: fine)").matches;
    const target = isKeyboard ? main?.querySelector<HTMLElement>(".composer textarea") : main?.querySelector("h1");
    (target as HTMLElement | null)?.focus();
  }, [room]);
}

function dropZone(onFiles: (files: File[]) => void) {
  return {
    "data-drop": t.composer.drop,
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      (event.currentTarget as HTMLElement).classList.add("dropping");
    },
    onDragLeave: (event: DragEvent) => {
      const zone = event.currentTarget as HTMLElement;
      if (!zone.contains(event.relatedTarget as Node | null)) zone.classList.remove("dropping");
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      (event.currentTarget as HTMLElement).classList.remove("dropping");
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) onFiles(files);
    },
  };
}
