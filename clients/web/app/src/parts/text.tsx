import type { ComponentChildren } from "preact";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";
import { linked, realHost } from "./links.js";

/** What somebody wrote: as text, with its links and whom it mentions. */
export function Text({ text, mentions = [] }: { readonly text: string; readonly mentions?: readonly string[] }) {
  const { people, me } = useSession();
  const names = new Map(
    mentions.flatMap((id) => {
      const name = people.of(id).value?.display_name;
      return name === undefined ? [] : [[`@${name}`, id] as const];
    }),
  );
  return (
    <p class="text" dir="auto">
      {linked(text).map((piece) =>
        piece.href === undefined ? (
          withMentions(piece.text, names, me)
        ) : (
          <Link key={piece.at} text={piece.text} href={piece.href} />
        ),
      )}
    </p>
  );
}

function Link({ text, href }: { readonly text: string; readonly href: string }) {
  const host = realHost(text, href);
  return (
    <>
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {text}
      </a>
      {host === undefined ? null : <small class="host"> ({t.message.link(host)})</small>}
    </>
  );
}

function withMentions(text: string, names: ReadonlyMap<string, string>, me: string): ComponentChildren {
  if (names.size === 0) return text;
  const longestFirst = [...names.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    `(${longestFirst.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")})`,
    "u",
  );
  return text.split(pattern).map((part) => {
    const id = names.get(part);
    return id === undefined ? part : <mark data-me={id === me}>{part}</mark>;
  });
}
