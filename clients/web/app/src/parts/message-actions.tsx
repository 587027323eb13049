import { useState } from "preact/hooks";
import { announce } from "../state/announce.js";
import type { Room } from "../state/room.js";
import { hrefOf } from "../state/route.js";
import type { MessageView } from "../state/rows.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { Dialog } from "./dialog.js";
import { errorText } from "./errors.js";
import { Icon } from "./icons.js";
import { Menu, type MenuItem } from "./menu.js";
import { wordsOf } from "./preview.js";

const REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

/** What has to be asked before it is done. */
export type Asking = "delete" | "report" | "react";

interface ActionsProps {
  readonly room: Room;
  readonly message: MessageView;
  readonly isCurrent: boolean;
  onReply(seq: number): void;
  onEdit(seq: number): void;
  onAsk(what: Asking): void;
}

/** What may be done with a message that has its place. */
export function MessageActions({ room, message, isCurrent, onReply, onEdit, onAsk }: ActionsProps) {
  const { me } = useSession();
  const seq = message.seq as number;
  const isOwn = message.sender_id === me;
  const text = wordsOf(message.content);
  const role = room.summary.value?.kind === "group" ? room.summary.value.role : "";
  const items: MenuItem[] = [
    ...REACTIONS.map((reaction) => ({
      label: t.message.reactWith(reaction),
      short: reaction,
      onSelect: () => void room.chat.react(seq, reaction),
    })),
    { label: t.message.otherReaction, onSelect: () => onAsk("react") },
    { label: t.message.reply, onSelect: () => onReply(seq) },
  ];
  if (isOwn && text !== undefined) items.push({ label: t.message.edit, onSelect: () => onEdit(seq) });
  if (text) items.push({ label: t.message.copy, onSelect: () => void navigator.clipboard?.writeText(text) });
  const link = new URL(hrefOf({ to: "conversation", id: room.id, seq }), location.href).href;
  items.push({ label: t.message.copyLink, onSelect: () => void navigator.clipboard?.writeText(link) });
  if (!isOwn) items.push({ label: t.message.report, onSelect: () => onAsk("report") });
  if (isOwn || role === "owner" || role === "admin") {
    items.push({ label: t.message.delete, isDangerous: true, onSelect: () => onAsk("delete") });
  }
  return (
    <Menu label={t.message.actions} items={items} tabIndex={isCurrent ? 0 : -1} class="actions">
      <Icon of="more" />
    </Menu>
  );
}

interface AskProps {
  readonly asking: Asking;
  readonly room: Room;
  readonly message: MessageView;
  onClose(): void;
}

/** The question before it. */
export function MessageDialog({ asking, room, message, onClose }: AskProps) {
  const { natter } = useSession();
  const [said, setSaid] = useState("");
  const seq = message.seq as number;
  if (asking === "delete") {
    const action = { label: t.message.delete, isDangerous: true, run: () => void room.chat.delete(seq) };
    return <Dialog title={t.message.confirmDelete} action={action} onClose={onClose} />;
  }
  if (asking === "react") {
    const run = () => {
      if (said.trim() !== "") void room.chat.react(seq, said.trim());
    };
    return (
      <Dialog title={t.message.otherReaction} action={{ label: t.message.react, run }} onClose={onClose}>
        <input
          aria-label={t.message.otherReaction}
          maxLength={32}
          value={said}
          onInput={(event) => setSaid(event.currentTarget.value)}
        />
      </Dialog>
    );
  }
  const report = async () => {
    const body = { conversation_id: room.id, seq, reason: said.trim() };
    try {
      await natter.call("POST", "/v1/reports", body);
      announce(t.message.reported);
    } catch (error) {
      announce(errorText(error));
    }
  };
  const run = () => {
    if (said.trim() !== "") void report();
  };
  return (
    <Dialog title={t.message.report} action={{ label: t.message.report, run }} onClose={onClose}>
      <label>
        {t.message.reportReason}
        <textarea
          rows={4}
          maxLength={1000}
          required
          value={said}
          onInput={(event) => setSaid(event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}
