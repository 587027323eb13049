import type { SessionAnswer, SessionsAnswer } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Dialog } from "../../parts/dialog.js";
import { agoOf } from "../../parts/time.js";
import { useSession } from "../../state/session.js";
import { p } from "../../strings/panels/index.js";

/** Where one is signed in, and how that ends. */
export function Devices() {
  const { natter } = useSession();
  const sessions = useSignal<readonly SessionAnswer[]>([]);
  const next = useRef<string | undefined>(undefined);
  const [hasMore, setMore] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const { run, outcome } = useAttempts();
  const more = async () => {
    const query = next.current === undefined ? "" : `&cursor=${encodeURIComponent(next.current)}`;
    const answer = (await natter.call("GET", `/v1/sessions?limit=50${query}`)) as SessionsAnswer;
    sessions.value = [...sessions.peek(), ...answer.items];
    next.current = answer.next_cursor;
    setMore(answer.next_cursor !== undefined);
  };
  useEffect(() => void run(more), []);
  const end = async ({ session_id }: SessionAnswer) => {
    await natter.call("DELETE", `/v1/sessions/${session_id}`);
    sessions.value = sessions.peek().filter((each) => each.session_id !== session_id);
  };
  const endOthers = async () => {
    while (next.current !== undefined) await more();
    for (const each of sessions.peek()) if (!each.current) await end(each);
  };
  const others = sessions.value.filter((each) => !each.current);
  return (
    <>
      {outcome}
      <ul class="people">
        {sessions.value.map((each) => (
          <Row key={each.session_id} of={each} onEnd={() => void run(() => end(each), p.devices.ended)} />
        ))}
      </ul>
      {hasMore ? (
        <button type="button" onClick={() => void run(more)}>
          {p.devices.more}
        </button>
      ) : null}
      {others.length > 0 ? (
        <button type="button" class="dangerous" onClick={() => setAsked(true)}>
          {p.devices.endOthers}
        </button>
      ) : null}
      {isAsked ? (
        <Dialog
          title={p.devices.confirmEndOthers}
          action={{
            label: p.devices.endOthers,
            isDangerous: true,
            run: () => void run(endOthers, p.devices.ended),
          }}
          onClose={() => setAsked(false)}
        />
      ) : null}
    </>
  );
}

function Row({ of, onEnd }: { readonly of: SessionAnswer; onEnd(): void }) {
  const name = of.device_name ?? of.platform ?? p.devices.unnamed;
  return (
    <li>
      <span class="names">
        <bdi>{name}</bdi>
        <small class="hint">{of.current ? p.devices.here : p.devices.used(agoOf(of.refreshed_at))}</small>
      </span>
      {of.current ? null : (
        <button type="button" aria-label={p.devices.endOf(name)} onClick={onEnd}>
          {p.devices.end}
        </button>
      )}
    </li>
  );
}
