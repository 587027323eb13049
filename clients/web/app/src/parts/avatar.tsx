/** The first letters of a name: pictures of others would tell their servers who looks. */
export function Avatar({ name, id, state }: { readonly name: string; readonly id: string; readonly state?: string }) {
  return (
    <span class="avatar" data-hue={hueOf(id)} data-state={state} aria-hidden="true">
      {lettersOf(name)}
    </span>
  );
}

export function lettersOf(name: string): string {
  const words = name.trim().split(/\s+/u);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) as string)][0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** One of eight colours, which are in the style sheet. */
function hueOf(id: string): number {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + (letter.codePointAt(0) as number)) >>> 0;
  return hash % 8;
}
