import type { ExportAnswer } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { Form } from "../../parts/form.js";
import { useSession } from "../../state/session.js";
import { p } from "../../strings/panels/index.js";

const PATH = "/v1/users/me/export";

/** A copy of what is known of one, and the end of it. */
export function Data() {
  return (
    <>
      <Export />
      <Erase />
    </>
  );
}

function Export() {
  const { natter } = useSession();
  const [isMaking, setMaking] = useState(false);
  const link = useSignal<string | undefined>(undefined);
  const { run, outcome } = useAttempts();
  useEffect(() => {
    if (!isMaking) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () =>
      run(async () => {
        const answer = (await natter.call("GET", PATH)) as ExportAnswer;
        if (answer.retry_after_ms !== undefined) timer = setTimeout(ask, answer.retry_after_ms);
        else {
          link.value = answer.url;
          setMaking(false);
        }
      }).then((worked) => worked || setMaking(false));
    void ask();
    return () => clearTimeout(timer);
  }, [isMaking]);
  return (
    <section>
      <h2>{p.data.export}</h2>
      <p>{p.data.exportWhat}</p>
      <p role="status">{isMaking ? p.data.exporting : null}</p>
      {outcome}
      {link.value === undefined ? (
        <button type="button" aria-disabled={isMaking} onClick={() => setMaking(true)}>
          {p.data.exportStart}
        </button>
      ) : (
        <a class="button primary" href={link.value} rel="noopener noreferrer" download>
          {p.data.download}
        </a>
      )}
    </section>
  );
}

function Erase() {
  const session = useSession();
  const [password, setPassword] = useState<string>();
  const { run, outcome, isBusy } = useAttempts();
  const erase = () =>
    void run(async () => {
      await session.natter.call("DELETE", "/v1/users/me", { password });
      session.leave();
    });
  return (
    <section>
      <h2>{p.data.erase}</h2>
      <p>{p.data.eraseWhat}</p>
      <Form
        submit={p.data.eraseSubmit}
        busy={p.data.erasing}
        onSubmit={async (fields) => setPassword(fields.password ?? "")}
      >
        <Field label={p.data.erasePassword} name="password" type="password" autocomplete="current-password" />
      </Form>
      {isBusy ? <p role="status">{p.data.erasing}</p> : null}
      {outcome}
      {password === undefined ? null : (
        <Dialog
          title={p.data.confirmErase}
          action={{ label: p.data.eraseSubmit, isDangerous: true, run: erase }}
          onClose={() => setPassword(undefined)}
        >
          <p>{p.data.eraseWhat}</p>
        </Dialog>
      )}
    </section>
  );
}
