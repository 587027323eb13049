import type { NewAttachmentAnswer } from "@natter/client";
import { type Signal, signal } from "@preact/signals";
import type { Session } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { errorText } from "../errors.js";

/** As the protocol has it. */
export const MOST_BYTES = 100 * 1024 * 1024;
const NAME_LETTERS = 255;

/** A file on its way into a conversation. */
export interface Upload {
  readonly id: string;
  readonly file: File;
  /** How much of it is there, 0 to 1. */
  readonly progress: number;
  readonly state: "waiting" | "sending" | "failed";
  /** Why it failed. */
  readonly error?: string;
}

const all = new Map<string, Signal<readonly Upload[]>>();
const underWay = new Map<string, AbortController>();

/** Those of a conversation; one that is there is gone from here: it is a message then. */
export function uploadsOf(conversationId: string): Signal<readonly Upload[]> {
  const there = all.get(conversationId) ?? signal([]);
  all.set(conversationId, there);
  return there;
}

/** Begins to send files, one after the other: they appear in the order in which they were added. */
export function add(session: Session, conversationId: string, files: readonly File[]): void {
  const uploads = uploadsOf(conversationId);
  uploads.value = [...uploads.peek(), ...files.map(started)];
  void work(session, conversationId);
}

/** Stops it, and forgets it. */
export function cancel(conversationId: string, id: string): void {
  const uploads = uploadsOf(conversationId);
  uploads.value = uploads.peek().filter((each) => each.id !== id);
  underWay.get(id)?.abort();
}

export function retry(session: Session, conversationId: string, id: string): void {
  change(conversationId, id, { state: "waiting", progress: 0 });
  void work(session, conversationId);
}

function started(file: File): Upload {
  const upload = { id: crypto.randomUUID(), file, progress: 0 };
  if (file.size > MOST_BYTES) return { ...upload, state: "failed", error: t.files.tooLarge };
  if (file.size === 0) return { ...upload, state: "failed", error: t.files.empty };
  return { ...upload, state: "waiting" };
}

async function work(session: Session, conversationId: string): Promise<void> {
  const uploads = uploadsOf(conversationId);
  if (uploads.peek().some((each) => each.state === "sending")) return;
  for (;;) {
    const next = uploads.peek().find((each) => each.state === "waiting");
    if (!next) return;
    change(conversationId, next.id, { state: "sending" });
    const stop = new AbortController();
    underWay.set(next.id, stop);
    try {
      await send(session, conversationId, next, stop.signal);
      cancel(conversationId, next.id);
    } catch (error) {
      change(conversationId, next.id, { state: "failed", error: textOf(error) });
    } finally {
      underWay.delete(next.id);
    }
  }
}

/** Announces, uploads, and writes the message; the outbox sees to that one. */
async function send(session: Session, conversationId: string, { id, file }: Upload, stop: AbortSignal): Promise<void> {
  const announced = {
    name: file.name.slice(0, NAME_LETTERS),
    content_type: /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : "application/octet-stream",
    size: file.size,
    sha256: await digestOf(file),
  };
  stop.throwIfAborted();
  const path = `/v1/conversations/${conversationId}/attachments`;
  const { attachment_id, upload } = (await session.natter.call("POST", path, announced)) as NewAttachmentAnswer;
  stop.throwIfAborted();
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, String(value));
  form.append("file", file);
  await post(upload.url, form, stop, (progress) => change(conversationId, id, { progress }));
  await session.natter.conversation(conversationId).send({ type: "attachment", attachment_id });
}

async function digestOf(file: File): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return btoa(String.fromCharCode(...digest));
}

/** `fetch` tells no progress of what is sent. */
function post(url: string, form: FormData, stop: AbortSignal, onProgress: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const end = () => request.abort();
    stop.addEventListener("abort", end, { once: true });
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => (request.status < 300 ? resolve() : reject(new UploadError(request.status)));
    request.onerror = () => reject(new UploadError(0));
    request.onabort = () => reject(new UploadError(0));
    request.onloadend = () => stop.removeEventListener("abort", end);
    request.open("POST", url);
    request.send(form);
  });
}

/** The store refused the file, or nobody answered. */
class UploadError extends Error {
  constructor(readonly status: number) {
    super(`upload: ${status}`);
  }
}

function textOf(error: unknown): string {
  if (error instanceof UploadError) return error.status === 0 ? t.errors.offline : t.files.refused;
  return errorText(error);
}

function change(conversationId: string, id: string, now: Partial<Upload>): void {
  const uploads = uploadsOf(conversationId);
  uploads.value = uploads.peek().map((each) => (each.id === id ? { ...each, ...now } : each));
}
