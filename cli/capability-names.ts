/** The responder's flags of CAPABILITIES by bit (DSP0274 1.4); fields of two bits below. */
const FLAGS: readonly (string | undefined)[] = Object.freeze([
  "CACHE",
  "CERT",
  "CHAL",
  undefined, // 3–4: MEAS
  undefined,
  "MEAS_FRESH",
  "ENCRYPT",
  "MAC",
  "MUT_AUTH",
  "KEY_EX",
  undefined, // 10–11: PSK
  undefined,
  "ENCAP",
  "HBEAT",
  "KEY_UPD",
  "HANDSHAKE_IN_THE_CLEAR",
  "PUB_KEY_ID",
  "CHUNK",
  "ALIAS_CERT",
  "SET_CERT",
  "CSR",
  "CERT_INSTALL_RESET",
  undefined, // 22–23: EP_INFO
  undefined,
  "MEL",
  "EVENT",
  undefined, // 26–27: MULTI_KEY
  undefined,
  "GET_KEY_PAIR_INFO",
  "SET_KEY_PAIR_INFO",
  "SET_KEY_PAIR_RESET",
  "LARGE_RESP",
]);

/** Position of a field of two bits, and its values' names; 0 is "not supported". */
const FIELDS: readonly (readonly [number, readonly string[]])[] = Object.freeze([
  [3, ["", "MEAS (unsigned)", "MEAS (signed)", "MEAS (reserved)"]],
  [10, ["", "PSK", "PSK (with context)", "PSK (reserved)"]],
  [22, ["", "EP_INFO (unsigned)", "EP_INFO (signed)", "EP_INFO (reserved)"]],
  [26, ["", "MULTI_KEY (always)", "MULTI_KEY (negotiable)", "MULTI_KEY (reserved)"]],
] as const);

/** The names, without their _CAP, of the responder's flags that are set. */
export function responderFlagNames(flags: number): string[] {
  const names = FLAGS.map((name, bit) => ({ bit, name: (flags & (1 << bit)) === 0 ? undefined : name }));
  for (const [bit, values] of FIELDS) names[bit].name = values[(flags >>> bit) & 3];
  return names.flatMap(({ name }) => (name === undefined || name === "" ? [] : [name]));
}
