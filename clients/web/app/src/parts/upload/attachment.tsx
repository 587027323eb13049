import type { DownloadAnswer, Message } from "@natter/client";
import { useEffect, useState } from "preact/hooks";
import { type Session, useSession } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { sizeOf } from "./sizes.js";

type AttachmentContent = Extract<NonNullable<Message["content"]>, { type: "attachment" }>;

interface AttachmentProps {
  readonly conversationId: string;
  readonly content: AttachmentContent;
}

interface Link extends DownloadAnswer {
  /** Until when `url` is good. */
  readonly until: number;
}

/** Shown in the page: pictures that are only pictures. SVG can hold scripts, and all else is a file to download. */
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)$/;
const MARGIN_MS = 30_000;
const KEPT = 500;

const links = new Map<string, Promise<Link>>();

/** A file in a message; its text is shown by the message. */
export default function Attachment({ conversationId, content: { attachment_id } }: AttachmentProps) {
  const session = useSession();
  const [link, setLink] = useState<Link>();
  const [isFailed, setFailed] = useState(false);
  const load = (isAnew = false) => {
    setFailed(false);
    linkOf(session, conversationId, attachment_id, isAnew).then(setLink, () => setFailed(true));
  };
  useEffect(load, [attachment_id]);
  if (isFailed) {
    return (
      <span class="attachment">
        {t.files.failed}{" "}
        <button type="button" onClick={() => load(true)}>
          {t.retry}
        </button>
      </span>
    );
  }
  if (!link) return <span class="attachment loading">{t.loading}</span>;
  const { name, content_type, size, url } = link;
  if (PICTURES.test(content_type)) {
    return (
      <a class="attachment" href={url} target="_blank" rel="noopener noreferrer">
        <img src={url} alt={t.files.picture(name)} loading="lazy" onError={() => again(link, load, setFailed)} />
      </a>
    );
  }
  const [kind] = content_type.split("/");
  if (kind === "video" || kind === "audio") return <Recording kind={kind} name={name} url={url} />;
  const download = async () => {
    try {
      const now = await linkOf(session, conversationId, attachment_id);
      location.assign(now.url); // the store says that it is to be saved: one stays where one is
    } catch {
      setFailed(true);
    }
  };
  return (
    <button type="button" class="attachment file" onClick={() => void download()}>
      <bdi>{name}</bdi> <span class="quiet">{sizeOf(size)}</span>
    </button>
  );
}

function Recording({ kind: Player, name, url }: { kind: "video" | "audio"; name: string; url: string }) {
  // What somebody has recorded comes without captions.
  return <Player class="attachment" src={url} aria-label={name} controls preload="metadata" />;
}

/** A link that has become too old is asked for again, once. */
function again(link: Link, load: (isAnew: boolean) => void, setFailed: (is: boolean) => void): void {
  if (link.until < Date.now()) load(true);
  else setFailed(true);
}

async function linkOf({ natter }: Session, chat: string, id: string, isAnew = false): Promise<Link> {
  const there = isAnew ? undefined : await links.get(id)?.catch(() => undefined);
  if (there && there.until > Date.now()) return there;
  const asked = natter
    .call("GET", `/v1/conversations/${chat}/attachments/${id}`)
    .then((answer) => answer as DownloadAnswer)
    .then((answer) => ({ ...answer, until: Date.now() + answer.expires_in * 1000 - MARGIN_MS }));
  links.set(id, asked);
  const [oldest] = links.keys();
  if (links.size > KEPT && oldest !== undefined) links.delete(oldest);
  return asked;
}
