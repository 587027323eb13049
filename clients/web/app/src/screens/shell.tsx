import { Announcer } from "../parts/announcer.js";
import { ConnectionBanner } from "../parts/banner.js";
import { route } from "../state/route.js";
import { t } from "../strings/index.js";
import { ConversationScreen } from "./conversation.js";
import { InboxScreen } from "./inbox.js";
import { lazy } from "./lazy.js";

const Settings = lazy(() => import("./settings/index.js"));
const NewConversation = lazy(() => import("./groups/new.js"));
const ConversationInfo = lazy(() => import("./groups/info.js"));

/** The inbox beside what is open; on a narrow screen one of them. */
export function Shell() {
  const to = route.value;
  return (
    <div class="shell" data-open={to.to === "inbox" ? "inbox" : "main"}>
      <button type="button" class="skip" onClick={toMain}>
        {t.skip}
      </button>
      <Announcer />
      <ConnectionBanner />
      <InboxScreen />
      <Main />
    </div>
  );
}

function toMain(): void {
  const main = document.querySelector<HTMLElement>("main");
  (main?.querySelector<HTMLElement>("h1[tabindex]") ?? main)?.focus();
}

function Main() {
  const to = route.value;
  switch (to.to) {
    case "conversation":
      return <ConversationScreen key={to.id} id={to.id} seq={to.seq} />;
    case "info":
      return <ConversationInfo key={to.id} id={to.id} />;
    case "new":
      return <NewConversation />;
    case "settings":
      return <Settings {...(to.section === undefined ? {} : { section: to.section })} />;
    default:
      return (
        <main class="nothing" id="main" tabIndex={-1}>
          <p>{t.conversation.none}</p>
        </main>
      );
  }
}
