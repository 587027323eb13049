import type { Session } from "../state/session.js";

/** Called once somebody is signed in and the first screen stands: service worker, and a registration that is there. */
export async function start(_session: Session): Promise<void> {}
