import { useSession, who } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { Icon } from "../icons.js";
import { sizeOf } from "./sizes.js";
import { add, cancel, retry, type Upload, uploadsOf } from "./uploads.js";

/** Begins to send files; what comes of it is shown in the tray. */
export function addFiles(conversationId: string, files: readonly File[]): void {
  if (who.value.is === "in") add(who.value.session, conversationId, files);
}

/** Files of a conversation that are on their way, with progress, cancel and retry. */
export function UploadTray({ conversationId }: { readonly conversationId: string }) {
  const uploads = uploadsOf(conversationId).value;
  if (uploads.length === 0) return null;
  return (
    <ul class="uploads" aria-label={t.files.uploads}>
      {uploads.map((each) => (
        <Row key={each.id} of={each} conversationId={conversationId} />
      ))}
    </ul>
  );
}

function Row({ of, conversationId }: { readonly of: Upload; readonly conversationId: string }) {
  const session = useSession();
  const { name, size } = of.file;
  return (
    <li>
      <bdi class="name">{name}</bdi>
      <span class="quiet">{sizeOf(size)}</span>
      {of.state === "failed" ? (
        <>
          <span role="alert" class="error">
            {of.error}
          </span>
          <button type="button" onClick={() => retry(session, conversationId, of.id)}>
            {t.retry}
          </button>
        </>
      ) : (
        <progress aria-label={t.files.progress(name)} max={1} value={of.progress} />
      )}
      <button
        type="button"
        class="icon"
        aria-label={t.files.cancel(name)}
        onClick={() => cancel(conversationId, of.id)}
      >
        <Icon of="close" />
      </button>
    </li>
  );
}
