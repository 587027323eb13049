import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import "./styles/inbox.css";
import "./styles/conversation.css";
import { render } from "preact";
import { App } from "./screens/app.js";
import { type Config, loadConfig } from "./state/config.js";
import { chosenLanguage } from "./state/preferences.js";
import { optionsOf, resume, who } from "./state/session.js";
import { watchForUpdates } from "./state/updates.js";
import { loadStrings } from "./strings/index.js";

watchForUpdates();
const languages = [chosenLanguage() ?? [], navigator.languages].flat();
const [config] = await Promise.all([loadConfig(), loadStrings(languages)]);
render(<App config={config} />, document.getElementById("app") as HTMLElement);
await begin(config);

/** Whoever comes back from the identity provider, or was here before. */
async function begin(config: Config): Promise<void> {
  const query = new URLSearchParams(location.search);
  if (!config.oidc || !query.has("state")) return resume(optionsOf(config));
  try {
    const { finish } = await import("./auth/oidc.js");
    await finish(config);
  } catch {
    who.value = { is: "out", why: "refused" };
  }
}
