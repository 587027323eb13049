import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Dialog } from "../../parts/dialog.js";
import { Panel } from "../../parts/panel.js";
import { disablePush } from "../../push/index.js";
import { useConfig } from "../../state/config.js";
import { hrefOf } from "../../state/route.js";
import { useSession } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { p } from "../../strings/panels/index.js";
import { Appearance } from "./appearance.js";
import { Data } from "./data.js";
import { Devices } from "./devices.js";
import { Notifications } from "./notifications.js";
import { Password } from "./password.js";
import { Blocks, Contacts } from "./people.js";
import { Profile } from "./profile.js";

const SECTIONS = {
  profile: Profile,
  notifications: Notifications,
  appearance: Appearance,
  contacts: Contacts,
  blocks: Blocks,
  devices: Devices,
  password: Password,
  data: Data,
} satisfies Record<string, ComponentType>;

type Section = keyof typeof SECTIONS;

/** The settings, with the section that is open. */
export default function Settings({ section }: { readonly section?: string }) {
  const sections = useSections();
  if (!sections.includes(section as Section)) return <Contents sections={sections} />;
  const Open = SECTIONS[section as Section];
  return (
    <Panel key={section} title={p.settings[section as Section]} back={hrefOf({ to: "settings" })}>
      <Open />
    </Panel>
  );
}

/** Where an identity provider signs people in, nobody has a password to change. */
function useSections(): readonly Section[] {
  const { oidc } = useConfig();
  return (Object.keys(SECTIONS) as Section[]).filter((each) => each !== "password" || !oidc);
}

function Contents({ sections }: { readonly sections: readonly Section[] }) {
  const { profile } = useSession();
  return (
    <Panel title={t.inbox.settings} back="#/">
      {profile.value ? (
        <p>
          <bdi>{profile.value.display_name}</bdi> <span class="quiet">{p.info.username(profile.value.username)}</span>
        </p>
      ) : null}
      <nav aria-label={t.inbox.settings}>
        <ul class="contents">
          {sections.map((each) => (
            <li key={each}>
              <a href={hrefOf({ to: "settings", section: each })}>{p.settings[each]}</a>
            </li>
          ))}
        </ul>
      </nav>
      <SignOut />
    </Panel>
  );
}

function SignOut() {
  const session = useSession();
  const [isAsked, setAsked] = useState(false);
  const { run, outcome } = useAttempts();
  const isUnsent = session.natter.unsent.length > 0;
  const signOut = () =>
    void run(async () => {
      await disablePush(session).catch(() => undefined); // the server forgets it with the session anyway
      await session.signOut(isUnsent ? { discard: true } : {});
    });
  return (
    <>
      <button type="button" onClick={() => setAsked(true)}>
        {p.settings.signOut}
      </button>
      {outcome}
      {isAsked ? (
        <Dialog
          title={p.settings.confirmSignOut}
          action={{
            label: isUnsent ? p.settings.discard : p.settings.signOut,
            isDangerous: isUnsent,
            run: signOut,
          }}
          onClose={() => setAsked(false)}
        >
          <p>{isUnsent ? p.settings.unsentMeans : p.settings.signOutMeans}</p>
        </Dialog>
      ) : null}
    </>
  );
}
