/** What in a text is a link: an address that begins with `http://`, `https://` or `www.`, and nothing else. */

export interface Piece {
  /** Where in the text it begins. */
  readonly at: number;
  readonly text: string;
  readonly href?: string;
}

const CANDIDATE = /\b(?:https?:\/\/|www\.)[^\s<>"]+/giu;
/** At the end they belong to the sentence. */
const PUNCTUATION = /[.,;:!?'"»“”’…]+$/u;
const CLOSING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** A text in pieces, in order: joined, they are the text. */
export function linked(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = trimmed(match[0]);
    const href = hrefOf(shown);
    if (href === undefined) continue;
    if (match.index > end) pieces.push({ at: end, text: text.slice(end, match.index) });
    pieces.push({ at: match.index, text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) pieces.push({ at: end, text: text.slice(end) });
  return pieces;
}

/** Its address, if it is one that may be followed: whoever it pretends to be at (`user@`) is not shown. */
export function hrefOf(shown: string): string | undefined {
  try {
    const url = new URL(shown.toLowerCase().startsWith("www.") ? `https://${shown}` : shown);
    const isWeb = url.protocol === "http:" || url.protocol === "https:";
    return isWeb && url.username === "" && url.password === "" && url.hostname.includes(".") ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the host is written in other letters than it has: they may look like somebody else's. */
export function realHost(shown: string, href: string): string | undefined {
  const { hostname } = new URL(href);
  return shown.toLowerCase().includes(hostname) ? undefined : hostname;
}

function trimmed(candidate: string): string {
  let shown = candidate.replace(PUNCTUATION, "");
  for (let last = shown.at(-1) ?? ""; last in CLOSING; last = shown.at(-1) ?? "") {
    const opening = CLOSING[last] as string;
    if (count(shown, opening) >= count(shown, last)) break;
    shown = shown.slice(0, -1).replace(PUNCTUATION, "");
  }
  return shown;
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}
