import { Natter } from "@natter/client";
import { Field } from "../parts/field.js";
import { Form } from "../parts/form.js";
import type { Config } from "../state/config.js";
import { go } from "../state/route.js";
import { enter, optionsOf } from "../state/session.js";
import { t } from "../strings/index.js";

/** A new account, which is signed in at once. */
export function SignUp({ config }: { readonly config: Config }) {
  const signUp = async ({ display_name = "", username = "", password = "" }: Readonly<Record<string, string>>) => {
    const options = optionsOf(config);
    const name = display_name.trim();
    await Natter.signUp(options, { username, password, ...(name ? { display_name: name } : {}) });
    enter(await Natter.signIn(options, { username, password }));
    go({ to: "inbox" }, { replace: true });
  };
  return (
    <main class="entry" id="main">
      <h1>{t.signUp.title}</h1>
      <Form submit={t.signUp.submit} busy={t.signUp.busy} onSubmit={signUp}>
        <Field
          label={t.signUp.displayName}
          name="display_name"
          autocomplete="name"
          maxLength={64}
          required={false}
          spellcheck
        />
        <Field
          label={t.signIn.username}
          name="username"
          autocomplete="username"
          hint={t.signUp.usernameHint}
          pattern="[a-z0-9_.]{3,32}"
          maxLength={32}
        />
        <Field
          label={t.signIn.password}
          name="password"
          type="password"
          autocomplete="new-password"
          hint={t.signUp.passwordHint}
          minLength={10}
          maxLength={128}
        />
      </Form>
      <p>
        <a href="#/">{t.signUp.toSignIn}</a>
      </p>
    </main>
  );
}
