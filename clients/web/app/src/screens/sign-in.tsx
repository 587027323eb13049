import { Natter } from "@natter/client";
import { ByProvider } from "../parts/by-provider.js";
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
      {config.oidc ? (
        <ByProvider label={t.signIn.byProvider} hasFailed={why === "refused"} />
      ) : (
        <ByPassword config={config} />
      )}
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
