/** What came of proving once more who one is, where an identity provider says it: an ID token, or nothing that counts. */
export type Proof = { readonly id_token: string } | "failed";

let given: Proof | undefined;

/** Somebody comes back from the provider; it is in memory, for who asked for it, once. */
export function giveProof(proof: Proof): void {
  given = proof;
}

export function takeProof(): Proof | undefined {
  const taken = given;
  given = undefined;
  return taken;
}
