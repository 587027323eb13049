import { useRef } from "preact/hooks";
import { useSession } from "../state/session.js";
import { t } from "../strings/index.js";

/** Where one writes. */
export function Composer({ conversationId, name }: { readonly conversationId: string; readonly name: string }) {
  const { natter } = useSession();
  const field = useRef<HTMLTextAreaElement>(null);
  const send = async () => {
    const text = field.current?.value.trim() ?? "";
    if (text === "" || !field.current) return;
    await natter.conversation(conversationId).send(text);
    field.current.value = "";
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        aria-label={t.composer.label(name)}
        placeholder={t.composer.placeholder}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void send();
        }}
      />
      <button type="submit">{t.composer.send}</button>
    </form>
  );
}
