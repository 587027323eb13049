import { type ExportAnswer, NatterError } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { ByProvider } from "../../parts/by-provider.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { Form } from "../../parts/form.js";
import { useConfig } from "../../state/config.js";
import { takeProof } from "../../state/proof.js";
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

/** By a password; or by an ID token, for which one has just been at the identity provider. */
type Proof = { readonly password: string } | { readonly id_token: string };

function Erase() {
  const session = useSession();
  const { oidc } = useConfig();
  const [came] = useState(takeProof);
  const [proof, setProof] = useState<Proof | undefined>(came === "failed" ? undefined : came);
  const [attempts, setAttempts] = useState(0);
  const { run, outcome, isBusy } = useAttempts();
  const erase = () =>
    void run(async () => {
      try {
        await session.natter.call("DELETE", "/v1/users/me", proof);
        session.leave();
      } catch (error) {
        if (!oidc || !(error instanceof NatterError && error.code === "bad_credentials")) throw error;
        setAttempts(attempts + 1); // somebody else has signed in there, or it took too long
      }
    });
  return (
    <section>
      <h2>{p.data.erase}</h2>
      <p>{p.data.eraseWhat}</p>
      {oidc ? (
        <>
          <p>{p.data.eraseByProvider}</p>
          <ByProvider key={attempts} label={p.data.eraseSubmit} isProof hasFailed={came === "failed" || attempts > 0} />
        </>
      ) : (
        <Form
          submit={p.data.eraseSubmit}
          busy={p.data.erasing}
          onSubmit={async ({ password = "" }) => setProof({ password })}
        >
          <Field label={p.data.erasePassword} name="password" type="password" autocomplete="current-password" />
        </Form>
      )}
      {isBusy ? <p role="status">{p.data.erasing}</p> : null}
      {outcome}
      {proof === undefined ? null : (
        <Dialog
          title={p.data.confirmErase}
          action={{ label: p.data.eraseSubmit, isDangerous: true, run: erase }}
          onClose={() => setProof(undefined)}
        >
          <p>{p.data.eraseWhat}</p>
        </Dialog>
      )}
    </section>
  );
}
