import { type Config, ConfigProvider } from "../state/config.js";
import { route } from "../state/route.js";
import { SessionProvider, who } from "../state/session.js";
import { t } from "../strings/index.js";
import { Shell } from "./shell.js";
import { SignIn } from "./sign-in.js";
import { SignUp } from "./sign-up.js";

/** Whatever there is to see, whoever is signed in. */
export function App({ config }: { readonly config: Config }) {
  return (
    <ConfigProvider value={config}>
      <Whoever config={config} />
    </ConfigProvider>
  );
}

function Whoever({ config }: { readonly config: Config }) {
  const now = who.value;
  if (now.is === "starting") return <p class="loading">{t.loading}</p>;
  if (now.is === "in") {
    return (
      <SessionProvider value={now.session}>
        <Shell key={now.session.me} />
      </SessionProvider>
    );
  }
  return route.value.to === "sign-up" && !config.oidc ? (
    <SignUp config={config} />
  ) : (
    <SignIn config={config} why={now.why} />
  );
}
