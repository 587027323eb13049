import type { ProfileAnswer, ProfilesAnswer } from "@natter/client";
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useId, useMemo } from "preact/hooks";
import { peersOf } from "../state/inbox.js";
import type { Person } from "../state/people.js";
import { Relations } from "../state/relations.js";
import { useSession } from "../state/session.js";
import { p } from "../strings/panels/index.js";
import { useAttempts } from "./attempts.js";
import { Avatar } from "./avatar.js";

interface PickerProps {
  readonly chosen: Signal<readonly Person[]>;
  /** Those who cannot be chosen: they are there already. */
  readonly without?: ReadonlySet<string>;
  /** One's contacts, where they are there already. */
  readonly contacts?: Relations;
  /** Called with who is chosen, where one is enough. */
  onOne?(person: Person): void;
  /** What the button for somebody does, which is called as they are. */
  label?(name: string): string;
}

/** People one knows, and whoever's user name one knows. */
export function PeoplePicker(props: PickerProps) {
  const { chosen, without, contacts: there, onOne, label = onOne ? p.start.begin : p.people.choose } = props;
  const session = useSession();
  const { natter, people, inbox, me } = session;
  const id = useId();
  const wanted = useSignal("");
  const found = useSignal<readonly Person[]>([]);
  const contacts = useMemo(() => there ?? new Relations(session, "contacts"), [session, there]);
  const { run, outcome, isBusy } = useAttempts();
  useEffect(() => {
    if (!there) void contacts.load().catch(() => undefined);
  }, [contacts]);
  const shown = useComputed(() => {
    const known = new Map<string, Person>();
    for (const each of [...found.value, ...(contacts.all.value ?? []), ...peersOf(inbox.all.value)]) {
      if (each.user_id !== me && !without?.has(each.user_id)) known.set(each.user_id, known.get(each.user_id) ?? each);
    }
    const text = wanted.value.trim().toLocaleLowerCase();
    return [...known.values()].filter((each) => matches(each, text));
  });
  const nobody = useSignal(false);
  const find = () =>
    run(async () => {
      nobody.value = false;
      const name = wanted.peek().trim().replace(/^@/, "").toLowerCase();
      if (name === "") return;
      const answer = (await natter.call("GET", `/v1/users?username=${encodeURIComponent(name)}`)) as ProfilesAnswer;
      people.learn(answer.items);
      found.value = answer.items;
      nobody.value = answer.items.every((each: ProfileAnswer) => each.user_id === me);
    });
  return (
    <div class="picker">
      <div class="field">
        <label for={id}>{p.people.find}</label>
        <div class="beside">
          <input
            id={id}
            type="search"
            autocapitalize="none"
            spellcheck={false}
            aria-describedby={`${id}-hint`}
            value={wanted}
            onInput={(event) => {
              wanted.value = event.currentTarget.value;
              nobody.value = false;
            }}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              void find();
            }}
          />
          <button type="button" aria-disabled={isBusy} onClick={() => void find()}>
            {isBusy ? p.people.searching : p.people.search}
          </button>
        </div>
        <small id={`${id}-hint`} class="hint">
          {p.people.findHint}
        </small>
      </div>
      {outcome}
      <p role="status">{nobody.value && shown.value.length === 0 ? p.people.nobody : null}</p>
      {onOne ? null : <Chosen chosen={chosen} />}
      <ul class="people" aria-label={p.people.known}>
        {shown.value.map((each) => (
          <li key={each.user_id}>
            <Candidate person={each} chosen={chosen} label={label} {...(onOne ? { onOne } : {})} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function matches({ display_name, username }: Person, wanted: string): boolean {
  return display_name.toLocaleLowerCase().includes(wanted) || (username ?? "").includes(wanted.replace(/^@/, ""));
}

interface CandidateProps extends Omit<PickerProps, "without" | "contacts"> {
  readonly person: Person;
  label(name: string): string;
}

function Candidate({ person, chosen, onOne, label }: CandidateProps) {
  const isChosen = chosen.value.some((each) => each.user_id === person.user_id);
  const toggle = () => {
    chosen.value = isChosen
      ? chosen.value.filter((each) => each.user_id !== person.user_id)
      : [...chosen.value, person];
  };
  return (
    <button
      type="button"
      title={label(person.display_name)}
      {...(onOne ? {} : { "aria-pressed": isChosen })}
      onClick={() => (onOne ? onOne(person) : toggle())}
    >
      <Avatar id={person.user_id} name={person.display_name} />
      <span class="names">
        <bdi>{person.display_name}</bdi>
        {person.username === undefined ? null : <small class="hint">{p.info.username(person.username)}</small>}
      </span>
    </button>
  );
}

function Chosen({ chosen }: Pick<PickerProps, "chosen">) {
  if (chosen.value.length === 0) return null;
  return (
    <ul class="chosen" aria-label={p.people.chosen}>
      {chosen.value.map((each) => (
        <li key={each.user_id}>
          <button
            type="button"
            aria-label={p.people.drop(each.display_name)}
            onClick={() => {
              chosen.value = chosen.value.filter((other) => other.user_id !== each.user_id);
            }}
          >
            <bdi>{each.display_name}</bdi> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
