import type { SettingsPatch } from "@natter/client";
import { useAttempts } from "../../parts/attempts.js";
import { Choice, Switch } from "../../parts/panel.js";
import { fullTime } from "../../parts/time.js";
import { isMuted } from "../../state/announce.js";
import { FOR_EVER_MS, type Summary } from "../../state/inbox.js";
import { useSession } from "../../state/session.js";
import { p } from "../../strings/panels/index.js";

const HOUR_MS = 3_600_000;
const LONG_MS = 30 * 24 * HOUR_MS;
const LASTS_MS = { hour: HOUR_MS, day: 24 * HOUR_MS, ever: FOR_EVER_MS };

/** What one has set of a conversation for oneself; nobody else sees it. */
export function OwnSettings({ of }: { readonly of: Summary }) {
  const { inbox } = useSession();
  const { run, outcome } = useAttempts();
  const set = (patch: SettingsPatch) => void run(() => inbox.set(of.conversation_id, patch), p.saved);
  const until = isMuted(of.muted_until) ? (of.muted_until as number) : undefined;
  const isLong = until !== undefined && until > Date.now() + LONG_MS;
  const mutes = { ...p.info.mutes, ...(until !== undefined && !isLong ? { now: fullTime(until) } : {}) };
  return (
    <section>
      <h2>{p.info.mine}</h2>
      <Choice
        label={p.info.muted}
        options={mutes as Readonly<Record<string, string>>}
        value={until === undefined ? "off" : isLong ? "ever" : "now"}
        onChange={(choice) => {
          if (choice === "off") set({ muted_until: null });
          else if (choice in LASTS_MS) set({ muted_until: Date.now() + LASTS_MS[choice as keyof typeof LASTS_MS] });
        }}
      />
      <Choice
        label={p.info.notify}
        options={p.info.notifies}
        value={of.notify}
        onChange={(notify) => set({ notify })}
      />
      <Switch label={p.info.archived} isOn={of.archived} onChange={(archived) => set({ archived })} />
      {outcome}
    </section>
  );
}
