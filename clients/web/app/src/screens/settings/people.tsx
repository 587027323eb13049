import type { ProfileAnswer } from "@natter/client";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { useAttempts } from "../../parts/attempts.js";
import { Avatar } from "../../parts/avatar.js";
import { PeoplePicker } from "../../parts/people-picker.js";
import type { Person } from "../../state/people.js";
import { type Relation, Relations } from "../../state/relations.js";
import { useSession } from "../../state/session.js";
import { t } from "../../strings/index.js";
import { p } from "../../strings/panels/index.js";

export function Contacts() {
  return <People relation="contacts" none={p.contacts.none} remove={() => p.remove} />;
}

export function Blocks() {
  return <People relation="blocks" none={p.blocks.none} remove={() => p.info.unblock} />;
}

interface PeopleProps {
  readonly relation: Relation;
  readonly none: string;
  remove(): string;
}

function People({ relation, none, remove }: PeopleProps) {
  const session = useSession();
  const relations = useMemo(() => new Relations(session, relation), [session, relation]);
  const { run, outcome } = useAttempts();
  useEffect(() => void run(() => relations.load()), [relations]);
  const all = relations.all.value;
  return (
    <>
      {outcome}
      {all === undefined ? <p class="loading">{t.loading}</p> : null}
      {all?.length === 0 ? <p class="empty">{none}</p> : null}
      <ul class="people">
        {all?.map((each) => (
          <Row
            key={each.user_id}
            of={each}
            label={remove()}
            onRemove={() => run(() => relations.remove(each.user_id))}
          />
        ))}
      </ul>
      {relation === "contacts" ? <AddContact relations={relations} /> : null}
    </>
  );
}

function Row({ of, label, onRemove }: { readonly of: ProfileAnswer; readonly label: string; onRemove(): void }) {
  return (
    <li>
      <Avatar id={of.user_id} name={of.display_name} />
      <span class="names">
        <bdi>{of.display_name}</bdi>
        <small class="hint">{p.info.username(of.username)}</small>
      </span>
      <button type="button" aria-label={`${label}: ${of.display_name}`} onClick={onRemove}>
        {label}
      </button>
    </li>
  );
}

function AddContact({ relations }: { readonly relations: Relations }) {
  const nobody = useSignal<readonly Person[]>([]);
  const { run, outcome } = useAttempts();
  const without = new Set(relations.all.value?.map((each) => each.user_id));
  const add = (person: Person) => run(() => relations.add({ username: "", ...person }), p.saved);
  return (
    <section>
      <h2>{p.contacts.add}</h2>
      {outcome}
      <PeoplePicker
        chosen={nobody}
        without={without}
        contacts={relations}
        label={p.people.choose}
        onOne={(person) => void add(person)}
      />
    </section>
  );
}
