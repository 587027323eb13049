import { type ConversationSnapshot, isSettled } from "@natter/client";
import { useState } from "preact/hooks";
import { lazy } from "../screens/lazy.js";
import type { Room } from "../state/room.js";
import { type MessageView, reachOf } from "../state/rows.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { codeText } from "./errors.js";
import { Icon } from "./icons.js";
import { type Asking, MessageActions, MessageDialog } from "./message-actions.js";
import { nameOf } from "./names.js";
import { previewOf } from "./preview.js";
import { Reactions } from "./reactions.js";
import { Text } from "./text.js";
import { clockTime, fullTime } from "./time.js";

const Attachment = lazy(() => import("./upload/attachment.js"));

export interface MessageProps {
  readonly room: Room;
  readonly message: MessageView;
  readonly isFirst: boolean;
  /** Of all messages the one that the keys reach. */
  readonly isCurrent: boolean;
  onReply(seq: number): void;
  onEdit(seq: number): void;
  onJump(seq: number): void;
}

/** A message, with who said it, how far it has come, and what may be done with it. */
export function Message(props: MessageProps) {
  const { room, message, isFirst, isCurrent, onReply, onEdit, onJump } = props;
  const session = useSession();
  const [asking, setAsking] = useState<Asking>();
  const isOwn = message.sender_id === session.me;
  const name = nameOf(session, message.sender_id);
  const isGone = message.deleted_at !== undefined;
  const time = message.at === undefined ? "" : clockTime(message.at);
  return (
    <article
      class={`message ${isOwn ? "own" : ""} ${isFirst ? "first" : ""} ${isGone ? "gone" : ""}`}
      data-state={message.state}
      data-seq={message.seq}
      aria-label={[name, previewOf(message), time].filter(Boolean).join(", ")}
      tabIndex={isCurrent ? 0 : -1}
    >
      {isFirst && !isOwn && !room.isDirect ? <bdi class="sender">{name}</bdi> : null}
      <div class="bubble">
        {message.reply_to === undefined ? null : <Quote room={room} seq={message.reply_to} onJump={onJump} />}
        <Content room={room} message={message} />
        <span class="meta">
          {message.edited_at !== undefined && !isGone ? <span class="edited">{t.message.edited}</span> : null}
          {message.at === undefined ? null : (
            <time dateTime={new Date(message.at).toISOString()} title={fullTime(message.at)}>
              {time}
            </time>
          )}
          {isOwn && !isGone ? <State message={message} room={room} /> : null}
        </span>
      </div>
      {isGone || message.state !== "placed" ? null : (
        <MessageActions
          room={room}
          message={message}
          isCurrent={isCurrent}
          onReply={onReply}
          onEdit={onEdit}
          onAsk={setAsking}
        />
      )}
      {isGone ? null : <Reactions room={room} message={message} isCurrent={isCurrent} />}
      <Trouble room={room} message={message} />
      {asking ? (
        <MessageDialog asking={asking} room={room} message={message} onClose={() => setAsking(undefined)} />
      ) : null}
    </article>
  );
}

/** Before the message has its place, nobody can ask for its file. */
function AttachedFile({ room, message: { seq, content } }: { readonly room: Room; readonly message: MessageView }) {
  if (seq === undefined) return <span class="quiet">{t.message.file}</span>;
  return <Attachment conversationId={room.id} content={content as never} />;
}

function Content({ room, message }: { readonly room: Room; readonly message: MessageView }) {
  const { content, deleted_at, mentions = [], change } = message;
  if (deleted_at !== undefined || !content || (change?.action === "delete" && !change.error)) {
    return <p class="quiet">{t.message.deleted}</p>;
  }
  if (content.type === "sealed") return <p class="quiet">{t.message.sealed}</p>;
  return (
    <>
      {content.type === "attachment" ? <AttachedFile room={room} message={message} /> : null}
      {content.text ? <Text text={content.text} mentions={mentions} /> : null}
    </>
  );
}

/** What it answers; chosen, it is shown. */
function Quote({ room, seq, onJump }: { readonly room: Room; readonly seq: number; onJump(seq: number): void }) {
  const session = useSession();
  const said = room.message(seq);
  const name = said && nameOf(session, said.sender_id);
  const text = said ? previewOf(said) : t.message.replyGone;
  return (
    <button type="button" class="quote" tabIndex={-1} onClick={() => onJump(seq)}>
      <span class="hidden">{t.message.inReplyTo} </span>
      {name === undefined ? null : <bdi class="sender">{name}</bdi>}
      <span dir="auto">{text}</span>
    </button>
  );
}

type StateName = "waiting" | "accepted" | "delivered" | "read" | "failed";
const ICONS = { waiting: "waiting", accepted: "check", delivered: "checks", read: "checks", failed: "failed" } as const;

/** How far one's own message has come, in a picture and in words. */
function State({ message, room }: { readonly message: MessageView; readonly room: Room }) {
  const { is, text } = stateOf(message, room.snapshot.value.others, room.isDirect);
  return (
    <span class="state" data-is={is} role="img" aria-label={text} title={text}>
      <Icon of={ICONS[is]} />
    </span>
  );
}

function stateOf(
  message: MessageView,
  others: ConversationSnapshot["others"],
  isDirect: boolean,
): { is: StateName; text: string } {
  if (message.state === "waiting") return { is: "waiting", text: t.message.waiting };
  if (isSettled(message)) return { is: "failed", text: t.message.failed };
  if (message.change && !message.change.error) return { is: "waiting", text: t.message.changing };
  if (message.seq === undefined) return { is: "accepted", text: t.message.accepted };
  const reach = reachOf(message.seq, others, isDirect);
  if (reach.is === "read_by") return { is: "read", text: t.message.readBy(reach.count) };
  if (reach.is === "sent") return { is: "accepted", text: t.message.accepted };
  return { is: reach.is, text: t.message[reach.is] };
}

/** What was refused, with what can be done about it. */
function Trouble({ room, message }: { readonly room: Room; readonly message: MessageView }) {
  const { change } = message;
  if (isSettled(message)) {
    const key = message.client_id ?? message.key;
    const why = message.error ? codeText(message.error.code, message.error.detail) : undefined;
    return (
      <p class="trouble">
        {why === undefined ? t.message.failed : t.message.refusedBecause(why)}{" "}
        <button type="button" onClick={() => room.chat.retry(key)}>
          {t.message.retry}
        </button>
        <button type="button" onClick={() => room.chat.cancel(key)}>
          {t.message.discard}
        </button>
      </p>
    );
  }
  if (!change?.error) return null;
  return (
    <p class="trouble">
      {t.message.changeFailed(codeText(change.error.code, change.error.detail))}{" "}
      <button type="button" onClick={() => room.chat.retry(change.client_id)}>
        {t.message.retry}
      </button>
      <button type="button" onClick={() => room.chat.cancel(change.client_id)}>
        {t.message.dismiss}
      </button>
    </p>
  );
}
