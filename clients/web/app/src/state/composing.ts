/** What is written becomes what is sent. */

const MOST = 8000;

/** As the protocol takes it: no control characters but newline and tab, nothing around it. */
export function sendable(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, "\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return lines.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "").trim();
}

/** How many characters it is too long. */
export function excess(text: string): number {
  return text.length <= MOST ? 0 : Math.max(0, [...sendable(text)].length - MOST);
}

/** What of the text is the beginning of a mention, right before the cursor. */
export function mentionAt(
  text: string,
  cursor: number,
): { readonly start: number; readonly query: string } | undefined {
  const match = /(?:^|\s)@([^\s@]{0,32}(?: [^\s@]{1,32})?)$/u.exec(text.slice(0, cursor));
  if (!match) return undefined;
  const query = match[1] as string;
  return { start: cursor - query.length - 1, query };
}

/** Of those whom one picked, who is still named. */
export function mentioned(text: string, picked: Readonly<Record<string, string>>): string[] {
  return [...new Set(Object.entries(picked).flatMap(([name, id]) => (text.includes(`@${name}`) ? [id] : [])))];
}

/** The key sends: not while an input method still composes (Safari says so by 229 alone), and not with Shift. */
export function isSendKey(event: KeyboardEvent, enterSends: boolean): boolean {
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return false;
  return event.ctrlKey || event.metaKey || (enterSends && !event.shiftKey);
}
