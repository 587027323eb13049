import { language } from "../index.js";
import type { PanelStrings } from "./en.js";

/** What the screens say that are loaded when they are asked for; by then the language is known. */
export const p: PanelStrings = language.startsWith("de") ? (await import("./de.js")).de : (await import("./en.js")).en;
