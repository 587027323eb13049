import type { Natter } from "@natter/client";

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string;
}

/**
 * The pages of a list, each asked for when it is wanted; at most `most` of them.
 *
 * @throws NatterError one could not be had
 */
export async function* pagesOf<Item>(
  natter: Pick<Natter, "call">,
  path: string,
  { limit, most = Number.POSITIVE_INFINITY }: { readonly limit: number; readonly most?: number },
): AsyncGenerator<readonly Item[], void, void> {
  let cursor: string | undefined;
  for (let page = 0; page < most; page++) {
    const query: string = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { items, next_cursor } = (await natter.call("GET", `${path}?limit=${limit}${query}`)) as Page<Item>;
    yield items;
    cursor = next_cursor;
    if (cursor === undefined) return;
  }
}
