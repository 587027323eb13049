import { t } from "../../strings/index.js";

/** Who is in a conversation, its title and settings. */
export default function ConversationInfo(_: { readonly id: string }) {
  return (
    <main class="panel">
      <h1>{t.conversation.info}</h1>
    </main>
  );
}
