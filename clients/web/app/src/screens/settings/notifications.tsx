import type { NotificationsAnswer, NotificationsPatch, Quiet } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Switch } from "../../parts/panel.js";
import { disablePush, enablePush, pushState } from "../../push/index.js";
import { useSession } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { p } from "../../strings/panels/index.js";

const PATH = "/v1/users/me/notifications";
const NIGHT = { from: "22:00", to: "07:00" };

/** Of what one is told, when, and whether on this device. */
export function Notifications() {
  const { natter } = useSession();
  const now = useSignal<NotificationsAnswer | undefined>(undefined);
  const { run, outcome } = useAttempts();
  useEffect(() => {
    void run(async () => {
      now.value = (await natter.call("GET", PATH)) as NotificationsAnswer;
    });
  }, []);
  const set = (patch: NotificationsPatch) =>
    void run(async () => {
      now.value = (await natter.call("PATCH", PATH, patch)) as NotificationsAnswer;
    }, p.saved);
  if (!now.value) return outcome;
  const { previews, mentions_pierce_mute, quiet } = now.value;
  return (
    <>
      <Switch label={p.notifications.previews} isOn={previews} onChange={(on) => set({ previews: on })} />
      <Switch
        label={p.notifications.pierce}
        isOn={mentions_pierce_mute}
        onChange={(on) => set({ mentions_pierce_mute: on })}
      />
      <QuietHours quiet={quiet} onSet={(hours) => set({ quiet: hours })} />
      {outcome}
      <ThisDevice />
    </>
  );
}

interface QuietProps {
  readonly quiet: Quiet | undefined;
  onSet(quiet: Quiet | null): void;
}

function QuietHours({ quiet, onSet }: QuietProps) {
  const time_zone = quiet?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const time = (name: "from" | "to") => (
    <label>
      {p.notifications[name]}
      <input
        type="time"
        required
        value={quiet?.[name]}
        onChange={(event) => {
          if (quiet && event.currentTarget.value) onSet({ ...quiet, [name]: event.currentTarget.value.slice(0, 5) });
        }}
      />
    </label>
  );
  return (
    <fieldset>
      <legend>{p.notifications.quiet}</legend>
      <Switch
        label={p.notifications.quiet}
        isOn={quiet !== undefined}
        onChange={(on) => onSet(on ? { ...NIGHT, time_zone } : null)}
      />
      {quiet ? (
        <div class="beside">
          {time("from")}
          {time("to")}
          <label>
            {p.notifications.zone}
            <select value={time_zone} onChange={(event) => onSet({ ...quiet, time_zone: event.currentTarget.value })}>
              {zones(time_zone).map((each) => (
                <option key={each} value={each} selected={each === time_zone}>
                  {each}
                </option>
              ))}
            </select>
          </label>
        </div>
      ) : null}
    </fieldset>
  );
}

function zones(mine: string): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return known.includes(mine) ? known : [mine, ...known];
}

/** Nobody is asked for permission before they have read what for, and wanted it. */
function ThisDevice() {
  const session = useSession();
  const { run, outcome, isBusy } = useAttempts();
  const state = pushState.value;
  return (
    <section>
      <h2>{p.notifications.here}</h2>
      {state === "unsupported" ? <p>{p.notifications.unsupported}</p> : null}
      {state === "denied" ? <p>{p.notifications.denied}</p> : null}
      {state === "off" ? <p>{p.notifications.why}</p> : null}
      {state === "on" ? <p>{p.notifications.isOn}</p> : null}
      {state === "off" || state === "on" ? (
        <button
          type="button"
          class={state === "off" ? "primary" : ""}
          aria-disabled={isBusy}
          onClick={() => void run(() => (state === "off" ? enablePush(session) : disablePush(session)))}
        >
          {isBusy ? p.notifications.turning : state === "off" ? p.notifications.turnOn : p.notifications.turnOff}
        </button>
      ) : null}
      {outcome}
      {state === undefined ? <p class="loading">{t.loading}</p> : null}
    </section>
  );
}
