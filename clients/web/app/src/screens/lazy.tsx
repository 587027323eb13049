import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../strings/index.js";

/** A screen that is loaded when it is shown for the first time. */
export function lazy<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const [Screen, setScreen] = useState<ComponentType<Props> | undefined>(() => loaded);
    const [failed, setFailed] = useState(false);
    const start = () => {
      setFailed(false);
      load().then(
        (module) => {
          loaded = module.default;
          setScreen(() => loaded);
        },
        () => setFailed(true),
      );
    };
    useEffect(() => {
      if (!loaded) start();
    }, []);
    if (Screen) return <Screen {...props} />;
    if (!failed) return <p class="loading">{t.loading}</p>;
    return (
      <p class="loading">
        {t.errors.offline}{" "}
        <button type="button" onClick={start}>
          {t.retry}
        </button>
      </p>
    );
  };
}
