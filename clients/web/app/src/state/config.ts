import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** How people sign in where an identity provider does it. */
export interface Oidc {
  readonly issuer: string;
  readonly client_id: string;
}

/** What a stage says of itself: everything else comes from its API. */
export interface Config {
  /** The API's address: where the page itself comes from, unless said otherwise. */
  readonly http: string;
  /** Null: people have a name and a password. */
  readonly oidc: Oidc | null;
}

const ConfigContext = createContext<Config>({ http: location.origin, oidc: null });
export const ConfigProvider = ConfigContext.Provider;

/** Of the stage, in everything that is shown. */
export function useConfig(): Config {
  return useContext(ConfigContext);
}

/** Reads `/config.json`; a stage that has none is an ordinary one. */
export async function loadConfig(): Promise<Config> {
  const said = await read();
  return {
    http: typeof said.http === "string" && said.http !== "" ? said.http : location.origin,
    oidc: isOidc(said.oidc) ? said.oidc : null,
  };
}

async function read(): Promise<{ http?: unknown; oidc?: unknown }> {
  try {
    const answer = await fetch("/config.json", { cache: "no-cache", signal: AbortSignal.timeout(10_000) });
    return answer.ok ? ((await answer.json()) as object) : {};
  } catch {
    return {};
  }
}

function isOidc(value: unknown): value is Oidc {
  const { issuer, client_id } = (value ?? {}) as Partial<Oidc>;
  return typeof issuer === "string" && typeof client_id === "string";
}
