import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "../styles/panels.css";
import { t } from "../strings/index.js";
import { Icon } from "./icons.js";

interface PanelProps {
  readonly title: string;
  /** Where one came from. */
  readonly back: string;
  readonly children: ComponentChildren;
}

/** A screen of settings; whoever comes to it by keyboard begins at its heading. */
export function Panel({ title, back, children }: PanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main class="panel" id="main" tabIndex={-1}>
      <header>
        <a class="button icon" href={back} aria-label={t.back}>
          <Icon of="back" />
        </a>
        <h1 tabIndex={-1} ref={heading}>
          <bdi>{title}</bdi>
        </h1>
      </header>
      {children}
    </main>
  );
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly options: Readonly<Record<Value, string>>;
  readonly value: Value;
  onChange(value: Value): void;
}

/** One of a few. */
export function Choice<Value extends string>({ label, options, value, onChange }: ChoiceProps<Value>) {
  return (
    <label class="field">
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as Value)}>
        {(Object.entries(options) as [Value, string][]).map(([key, text]) => (
          <option key={key} value={key} selected={key === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly isOn: boolean;
  onChange(isOn: boolean): void;
}

/** Something that is so or not. */
export function Switch({ label, isOn, onChange }: SwitchProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
