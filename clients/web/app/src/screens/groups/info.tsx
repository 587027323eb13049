import { useEffect } from "preact/hooks";
import { titleOf } from "../../parts/names.js";
import { Panel } from "../../parts/panel.js";
import { hrefOf } from "../../state/route.js";
import { useSession } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { p } from "../../strings/panels/index.js";
import { GroupSection } from "./members.js";
import { OwnSettings } from "./own-settings.js";
import { PersonSection } from "./person.js";

/** Who is in a conversation, its title and settings. */
export default function ConversationInfo({ id }: { readonly id: string }) {
  const { inbox } = useSession();
  const summary = inbox.of(id);
  useEffect(() => {
    if (!summary) void inbox.learn(id);
  }, [id]);
  const back = hrefOf({ to: "conversation", id });
  if (!summary) {
    return (
      <Panel title={t.conversation.info} back={back}>
        <p class="loading">{t.loading}</p>
      </Panel>
    );
  }
  return (
    <Panel title={p.info.title(titleOf(summary))} back={back}>
      {summary.peer && !summary.peer.deleted ? <PersonSection peer={summary.peer} /> : null}
      <OwnSettings of={summary} />
      {summary.kind === "group" ? <GroupSection of={summary} /> : null}
    </Panel>
  );
}
