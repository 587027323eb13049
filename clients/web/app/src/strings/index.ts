import type { Strings } from "./en.js";

export type { Strings };

/** Tags of the languages there are, and how to get them. */
const LANGUAGES: Readonly<Record<string, () => Promise<Strings>>> = {
  en: async () => (await import("./en.js")).en,
  de: async () => (await import("./de.js")).de,
};

/** Everything the app says, in the language of who reads it. Set before anything is shown. */
export let t: Strings;
/** The tag of that language, for dates and numbers. */
export let language = "en";

/** Takes the first language of the browser that there is. */
export async function loadStrings(wanted: readonly string[] = navigator.languages): Promise<void> {
  const tag = wanted.find((each) => (each.split("-")[0] ?? "") in LANGUAGES) ?? "en";
  const [short = "en"] = tag.split("-");
  t = await (LANGUAGES[short] as () => Promise<Strings>)();
  language = tag;
  document.documentElement.lang = short;
  document.documentElement.dir = isRightToLeft(short) ? "rtl" : "ltr";
}

/** No language that is there is written from right to left yet; the layout is ready for one. */
function isRightToLeft(tag: string): boolean {
  return ["ar", "fa", "he", "ur"].includes(tag);
}
