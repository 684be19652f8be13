/**
 * docs/conformance.md, from what is listed and what the tests of the last whole run have seen. With `--check` the table
 * that is there must be that table, and only that; what DMTF's programs were not there for stays as it is written.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostExchanges } from "../../cli/host-responder.js";
import { REQUESTS, versionName } from "../../cli/requester/names.js";
import { equal } from "../../src/equal.js";
import { GET_VERSION } from "../../src/exchange.js";
import { V1_0, VERSIONS, type Version } from "../../src/versions.js";
import { COVERAGE, PEER } from "./coverage.js";
import { Decoder, versionOf } from "./decoder.js";
import { chunkPairsOf, messagesOf, pairsOf, RECORDINGS } from "./vectors.js";

const DOCUMENT = fileURLToPath(new URL("../../docs/conformance.md", import.meta.url));

/** In the order in which a cell shows them. */
const COLUMNS = "rqvdb";

const HEAD = `# What is answered, and what has shown it

Made by \`npm test\`'s last step from what the tests have seen, and checked by it; \`npm run conformance\` writes it anew. Per
request and SPDM version:

- **r**: a responder here serves it, \`spdm serve\` for one
- **q**: the requester, \`spdm attest\` and its like, has asked it and believed the answer
- **v**: request and response of a recorded run of DMTF's programs decode, and encode to the same bytes. Their responder
  never has anybody wait, so that RESPOND_IF_READY is in none
- **d**: one of DMTF's programs was at the other end (libspdm 4.0.0-rc; with SPDM_EMU_BIN)
- **b**: the firmware on the emulated board has answered it

SEND_EVENT goes the other way, encapsulated: **r** has sent it and had it acknowledged, **q** has acknowledged it. Nobody's
VENDOR_DEFINED_REQUEST is served unless a board brings a vendor: **r** is a responder in a test that did, with the exchange of
\`src/messages/vendor-defined.ts\`; the requester has none to ask. SLOT_MANAGEMENT is experimental, and served only by who asks
for it.

A dash: the version does not have it; GET_VERSION is in 1.0 whatever comes after it. An empty cell: nothing of the above yet.

`;

/** Marks by code and version. */
class Table {
  readonly #marks = new Map<string, Set<string>>();

  add(column: string, spoken: Version, code: number): void {
    const version = code === GET_VERSION ? V1_0 : spoken;
    const key = `${version} ${code}`;
    const marks = this.#marks.get(key) ?? new Set();
    this.#marks.set(key, marks.add(column));
  }

  cell(version: Version, code: number): string {
    const marks = this.#marks.get(`${version} ${code}`);
    return [...COLUMNS].filter((column) => marks?.has(column)).join("");
  }
}

/** The first version that has each request (DSP0274 1.4, table of request codes). */
const SINCE: readonly (readonly [first: number, codes: readonly number[]])[] = [
  [0x14, [0x88]],
  [0x13, [0x87, 0xe2, 0xf0, 0xf1, 0xef, 0xfc, 0xfd]],
  [0x12, [0x85, 0x86, 0xed, 0xee]],
  [0x11, [0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec]],
];

const has = (version: Version, code: number) => version >= since(code) && (code !== GET_VERSION || version === V1_0);
const since = (code: number): Version => SINCE.find(([, codes]) => codes.includes(code))?.[0] ?? 0x10;

function addListed(table: Table): void {
  for (const { request, since: first } of hostExchanges())
    for (const version of VERSIONS) if (version >= first) table.add("r", version, request);
}

/** Messages put together of chunks, and the chunks. */
function addRecorded(table: Table): void {
  for (const recording of RECORDINGS) {
    const { messages } = messagesOf(recording);
    const decoder = new Decoder(recording);
    for (const pair of [...pairsOf(messages), ...chunkPairsOf(messages)]) {
      const encoded = decoder.reencoded(pair);
      if (encoded === undefined) continue;
      if (!equal(encoded[0], pair.request) || !equal(encoded[1], pair.response)) throw new Error(recording.name);
      table.add("v", versionOf(recording), pair.request[1]);
    }
  }
}

function addSeen(table: Table): void {
  for (const file of existsSync(COVERAGE) ? readdirSync(COVERAGE) : [])
    for (const { column, version, code } of JSON.parse(readFileSync(join(COVERAGE, file), "utf8")))
      table.add(column, version, code);
}

/** What DMTF's programs have shown before. */
function addWritten(table: Table, document: string): void {
  for (const [, code, cells] of document.matchAll(/^\| `\w+` \| 0x(\w\w) \|(.*)\|$/gm))
    for (const [i, cell] of cells.split("|").entries())
      if (cell.includes(PEER)) table.add(PEER, VERSIONS[i], Number.parseInt(code, 16));
}

function row(table: Table, code: number, name: string): string {
  const cells = VERSIONS.map((version) => (has(version, code) ? table.cell(version, code) : "–"));
  return `| \`${name}\` | 0x${code.toString(16)} | ${cells.join(" | ")} |`;
}

const written = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, "utf8") : "";
const table = new Table();
addListed(table);
addRecorded(table);
addSeen(table);
addWritten(table, written);
const made = `${HEAD}| request | code | ${VERSIONS.map(versionName).join(" | ")} |
|---|---|${"---|".repeat(VERSIONS.length)}
${Object.entries(REQUESTS)
  .map(([code, name]) => row(table, Number(code), name))
  .join("\n")}
`;
if (!process.argv.includes("--check")) writeFileSync(DOCUMENT, made);
else if (made !== written) {
  console.error(
    "docs/conformance.md is not what the tests have seen: npm run conformance, and look at what has changed",
  );
  process.exitCode = 1;
}
