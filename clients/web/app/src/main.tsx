import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import "./styles/inbox.css";
import "./styles/conversation.css";
import { render } from "preact";
import { App } from "./screens/app.js";
import { loadConfig } from "./state/config.js";
import { optionsOf, resume } from "./state/session.js";
import { loadStrings } from "./strings/index.js";

const [config] = await Promise.all([loadConfig(), loadStrings()]);
render(<App config={config} />, document.getElementById("app") as HTMLElement);
await resume(optionsOf(config));
