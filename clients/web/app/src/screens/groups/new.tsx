import { t } from "../../strings/index.js";

/** Begins a conversation with somebody, or a group. */
export default function NewConversation() {
  return (
    <main class="panel">
      <h1>{t.inbox.start}</h1>
    </main>
  );
}
