import { t } from "../../strings/index.js";

/** The settings, with the section that is open. */
export default function Settings(_: { readonly section?: string }) {
  return (
    <main class="panel">
      <h1>{t.inbox.settings}</h1>
    </main>
  );
}
