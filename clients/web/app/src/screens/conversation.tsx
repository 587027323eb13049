import { useEffect } from "preact/hooks";
import { Composer } from "../parts/composer.js";
import { Name, titleOf } from "../parts/names.js";
import { previewOf } from "../parts/preview.js";
import { UploadTray } from "../parts/upload/index.js";
import { hrefOf } from "../state/route.js";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";

/** One conversation: what was said, and what is to be said. */
export function ConversationScreen({ id }: { readonly id: string; readonly seq?: number | undefined }) {
  const { inbox, natter } = useSession();
  const summary = inbox.of(id);
  const { messages } = inbox.snapshot(id).value;
  const name = summary ? titleOf(summary) : t.unknownUser;
  useEffect(() => {
    if (!summary) void inbox.learn(id);
    void natter.conversation(id).older();
  }, [id]);
  useEffect(() => {
    if (document.hasFocus()) natter.conversation(id).read();
  }, [messages]);
  return (
    <main class="conversation" id="main">
      <header>
        <a class="back" href="#/">
          {t.back}
        </a>
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <a href={hrefOf({ to: "info", id })}>{t.conversation.info}</a>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be scrolled by keys, too */}
      <div role="log" aria-live="off" aria-label={t.conversation.messages(name)} tabIndex={0}>
        {messages.map((each) => (
          <article key={each.key} data-state={each.state}>
            <b>
              <Name of={each.sender_id} />
            </b>{" "}
            <span dir="auto">{previewOf(each)}</span>
          </article>
        ))}
      </div>
      <UploadTray conversationId={id} />
      <Composer conversationId={id} name={name} />
    </main>
  );
}
