import { Natter } from "@natter/client";
import { useState } from "preact/hooks";
import { Field } from "../parts/field.js";
import { Form } from "../parts/form.js";
import type { Config } from "../state/config.js";
import { enter, optionsOf } from "../state/session.js";
import { t } from "../strings/index.js";

interface SignInProps {
  readonly config: Config;
  readonly why: "ended" | "refused" | undefined;
}

/** A name and a password, or the organisation's own sign-in. */
export function SignIn({ config, why }: SignInProps) {
  return (
    <main class="entry" id="main">
      <h1>{t.signIn.title}</h1>
      {why === "ended" ? <p role="status">{t.signIn.ended}</p> : null}
      {config.oidc ? <ByProvider config={config} hasFailed={why === "refused"} /> : <ByPassword config={config} />}
    </main>
  );
}

function ByPassword({ config }: { readonly config: Config }) {
  return (
    <>
      <Form
        submit={t.signIn.submit}
        busy={t.signIn.busy}
        onSubmit={async ({ username = "", password = "" }) => {
          enter(await Natter.signIn(optionsOf(config), { username: username.trim().toLowerCase(), password }));
        }}
      >
        <Field label={t.signIn.username} name="username" autocomplete="username" maxLength={32} />
        <Field label={t.signIn.password} name="password" type="password" autocomplete="current-password" />
      </Form>
      <p>
        {t.signIn.none} <a href="#/sign-up">{t.signIn.toSignUp}</a>
      </p>
    </>
  );
}

function ByProvider({ config, hasFailed }: { readonly config: Config; readonly hasFailed: boolean }) {
  const [failed, setFailed] = useState(hasFailed);
  const begin = async () => {
    setFailed(false);
    try {
      const { begin } = await import("../auth/oidc.js");
      await begin(config);
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      <button type="button" class="primary" onClick={begin}>
        {t.signIn.byProvider}
      </button>
      <p role="alert" class="error">
        {failed ? t.signIn.providerFailed : null}
      </p>
    </>
  );
}
