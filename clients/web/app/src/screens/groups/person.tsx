import type { PeerAnswer, ProfileAnswer } from "@natter/client";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Dialog } from "../../parts/dialog.js";
import { Switch } from "../../parts/panel.js";
import { Relations } from "../../state/relations.js";
import { useSession } from "../../state/session.js";
import { p } from "../../strings/panels/index.js";

/** Somebody one talks to: whether they are a contact, and whether they are kept away. */
export function PersonSection({ peer }: { readonly peer: PeerAnswer }) {
  const session = useSession();
  const [contacts, blocks] = useMemo(
    () => [new Relations(session, "contacts"), new Relations(session, "blocks")] as const,
    [session],
  );
  const [isAsked, setAsked] = useState(false);
  const { run, outcome } = useAttempts();
  useEffect(() => void run(() => Promise.all([contacts.load(), blocks.load()])), [contacts, blocks]);
  const known = session.people.of(peer.user_id).value;
  const person: ProfileAnswer = { username: "", ...known, user_id: peer.user_id, display_name: peer.display_name };
  const isBlocked = blocks.has(peer.user_id);
  const toggleContact = (isOn: boolean) =>
    void run(() => (isOn ? contacts.add(person) : contacts.remove(peer.user_id)), p.saved);
  return (
    <section>
      <p>
        <bdi>{peer.display_name}</bdi>{" "}
        {person.username ? <span class="quiet">{p.info.username(person.username)}</span> : null}
      </p>
      {blocks.all.value && contacts.all.value && !isBlocked ? (
        <Switch label={p.info.contact} isOn={contacts.has(peer.user_id)} onChange={toggleContact} />
      ) : null}
      {blocks.all.value ? (
        <button
          type="button"
          class={isBlocked ? "" : "dangerous"}
          onClick={() => (isBlocked ? void run(() => blocks.remove(peer.user_id), p.saved) : setAsked(true))}
        >
          {isBlocked ? p.info.unblock : p.info.block}
        </button>
      ) : null}
      {outcome}
      {isAsked ? (
        <Dialog
          title={p.info.confirmBlock(peer.display_name)}
          action={{ label: p.info.block, isDangerous: true, run: () => void run(() => blocks.add(person), p.saved) }}
          onClose={() => setAsked(false)}
        >
          <p>{p.info.blockMeans}</p>
        </Dialog>
      ) : null}
    </section>
  );
}
