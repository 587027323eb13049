import { Choice, Switch } from "../../parts/panel.js";
import { chooseLanguage, chosenLanguage, enterSends, setEnterSends, theme } from "../../state/preferences.js";
import { p } from "../../strings/panels/index.js";

/** How the app looks and behaves on this device. */
export function Appearance() {
  return (
    <>
      <Choice
        label={p.appearance.theme}
        options={p.appearance.themes}
        value={theme.value}
        onChange={(chosen) => {
          theme.value = chosen;
        }}
      />
      <Choice
        label={p.appearance.language}
        options={p.appearance.languages}
        value={(chosenLanguage() ?? "system") as keyof typeof p.appearance.languages}
        onChange={chooseLanguage}
      />
      <Switch label={p.appearance.enter} isOn={enterSends.value} onChange={setEnterSends} />
    </>
  );
}
