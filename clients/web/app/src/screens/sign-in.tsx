import { Natter } from "@natter/client";
import { useState } from "preact/hooks";
import { Field } from "../parts/field.js";
import { Form } from "../parts/form.js";
import type { Config } from "../state/config.js";
import { enter, optionsOf } from "../state/session.js";
import { t } from "../strings/index.js";

/** A name and a password, or the organisation's own sign-in. */
export function SignIn({ config, ended }: { readonly config: Config; readonly ended: boolean }) {
  return (
    <main class="entry" id="main">
      <h1>{t.signIn.title}</h1>
      {ended ? <p role="status">{t.signIn.ended}</p> : null}
      {config.oidc ? <ByProvider config={config} /> : <ByPassword config={config} />}
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

function ByProvider({ config }: { readonly config: Config }) {
  const [failed, setFailed] = useState(false);
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
