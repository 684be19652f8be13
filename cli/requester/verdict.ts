/** The responder answered, and what it said cannot be trusted: exit status 1. */
export class Untrusted extends Error {
  override readonly name = "Untrusted";
}

/** The attestation could not be carried out: exit status 2. */
export class Impossible extends Error {
  override readonly name = "Impossible";
}
