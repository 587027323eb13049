import { assertive, polite } from "../state/announce.js";

/** Two regions that nobody sees: what is put into them is read to who cannot see the rest. */
export function Announcer() {
  return (
    <div class="hidden">
      <div aria-live="polite" aria-relevant="additions">
        {polite.value.map(({ id, text }) => (
          <p key={id}>{text}</p>
        ))}
      </div>
      <div aria-live="assertive" aria-relevant="additions">
        {assertive.value.map(({ id, text }) => (
          <p key={id}>{text}</p>
        ))}
      </div>
    </div>
  );
}
