/** Certificates of the emulated board, requested and set in the field: in its flash, and whatever happens to its power. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import budgets from "../../boards/ast1030/budget.json" with { type: "json" };
import { buildFirmware } from "../../boards/ast1030/build.js";
import type { SessionPolicy } from "../../certs/identity-image.js";
import { writeIdentityImage } from "../../certs/identity-writer.js";
import { BMC_ADDRESS, type Board, FLASH_LENGTH, startBoard } from "../../cli/emulator.js";
import { loadIdentity, MUTUAL } from "../../cli/identity.js";
import { emulatedSmbus, MctpLink } from "../../cli/mctp-link.js";
import { attest } from "../../cli/requester/attest.js";
import { type CertificateOptions, installChain, requestCsr } from "../../cli/requester/certificates.js";
import { AEADS, DHES } from "../../cli/requester/names.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { BOARD_ADDRESS } from "../../cli/target.js";
import { sha256 } from "../../hal/portable/crypto.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { read, signRequest } from "../cli/sign-request.js";
import { concat } from "../support/bytes.js";
import { attestOptions } from "./support/attest-options.js";
import { KEYS, PSK, REQUESTER, testFlash } from "./support/identity.js";

const limit = { timeout: 180_000 };
const SESSION = { dhe: DHES.secp384r1, aead: AEADS["AES-256-GCM"], inTheClear: false, updateKeys: false };
/** Both prove the requester. */
const BY_PSK = { session: { ...SESSION, psk: PSK } };
const BY_CERTIFICATE = { session: SESSION, identities: REQUESTER };
const BUNDLE = new Uint8Array(read("bundle_responder.certchain.der"));

let folder: string;

before(async () => {
  await buildFirmware("psa");
  folder = mkdtempSync(join(tmpdir(), "spdm-board-"));
}, limit);
after(() => rmSync(folder, { recursive: true, force: true }));

/** A board whose flash outlives its power. */
class Device {
  readonly #flash: string;
  board!: Board;
  link!: MctpLink;

  constructor(name: string, policy: Partial<SessionPolicy>) {
    this.#flash = join(folder, name);
    const content = new Uint8Array(FLASH_LENGTH).fill(0xff);
    content.set(testFlash(policy));
    writeFileSync(this.#flash, content);
  }

  async boot(): Promise<void> {
    this.board = await startBoard({ flash: this.#flash, lifetimeMs: 300_000 });
    assert.ok(this.board.lines.includes("identity: from flash"));
    this.link = new MctpLink(this.board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
    await this.link.discover();
  }

  async reset(): Promise<void> {
    await this.board.close();
    await this.boot();
  }

  flash(): Buffer {
    return readFileSync(this.#flash);
  }

  request(slot: number, options: Partial<CertificateOptions> = {}) {
    return requestCsr(this.link, { ...attestOptions({ slot }), ...options });
  }

  install(slot: number, chain: Uint8Array | undefined, options: Partial<CertificateOptions> = BY_PSK) {
    return installChain(this.link, chain, { ...attestOptions({ slot }), ...options });
  }

  /** The leaf's last day, of a slot that is trusted and signs. */
  async attest(slot: number): Promise<string> {
    const result = await attest(this.link, attestOptions({ slot }));
    assert.deepEqual(result.reasons, []);
    return result.chain!.certificates.at(-1)!.notAfter;
  }
}

const refused = (why: string) => new Impossible(`the responder refused SET_CERTIFICATE: ${why}`);

describe("certificates of the board, set in the field", () => {
  let device: Device;

  before(async () => {
    device = new Device("field", { requested: MUTUAL.encapsulated, certificates: true });
    await device.boot();
  }, limit);
  after(() => device.board.close());

  test("requested, signed, installed: attested by it at once, and after a reset", limit, async () => {
    const before = await device.attest(0);
    const asked = await device.request(0);
    assert.equal(asked.vouchedBy, "slot 0's certificate");
    assert.match(asked.deviceInfo!, /^MODDABLE:SPDM-TEST-RESPONDER:/);
    const chain = await signRequest(asked.request);
    for (const [slot, options] of [
      [5, BY_PSK],
      [6, BY_CERTIFICATE],
    ] as const) {
      const { needsReset, session } = await device.install(slot, chain, options);
      assert.equal(needsReset, false);
      assert.equal(session!.openedBy, slot === 5 ? "PSK_EXCHANGE" : "KEY_EXCHANGE");
    }
    for (let boots = 0; boots < 2; boots++) {
      for (const slot of [5, 6]) assert.ok((await device.attest(slot)) < "2099");
      for (const slot of [0, 4]) assert.equal(await device.attest(slot), before);
      if (boots === 0) await device.reset();
    }
  });

  test("a key whose only chain is replaced or erased is a key of the board's still", limit, async () => {
    const own = new Uint8Array(read("bundle_responder.certchain4.der"));
    await device.install(4, BUNDLE);
    await device.attest(4);
    await device.install(4, undefined, BY_CERTIFICATE);
    await device.reset();
    await assert.rejects(device.attest(4), /slot 4 holds no certificate chain/);
    await device.install(7, own);
    await device.attest(7);
    await device.reset();
    await device.attest(7);
  });

  test("other versions, and what was erased stays so", limit, async () => {
    for (const version of [V1_2, V1_3, V1_4] as const) await device.install(1, BUNDLE, { ...BY_PSK, version });
    for (const version of [V1_3, V1_4] as const) {
      await device.install(1, undefined, { ...BY_PSK, version });
      await device.install(1, BUNDLE, { ...BY_PSK, version });
    }
    await device.attest(1);
  });

  test("not in the clear, not by anybody, and not slot 0; and nothing is written", limit, async () => {
    const before = device.flash();
    for (const [slot, options] of [
      [5, {}],
      [0, BY_PSK],
      [0, BY_CERTIFICATE],
    ] as const)
      await assert.rejects(device.install(slot, BUNDLE, options), refused("UnexpectedRequest"));
    assert.ok(device.flash().equals(before));
  });

  test("no chain of another's key, none that is broken, and none that is too long", limit, async () => {
    const before = device.flash();
    const stranger = new Uint8Array(read("bundle_requester.certchain.der"));
    const broken = BUNDLE.slice();
    broken[broken.length - 1] ^= 1;
    for (const chain of [stranger, broken]) {
      await assert.rejects(device.install(3, chain), refused("Unspecified"));
    }
    const long = concat(
      BUNDLE,
      BUNDLE,
      ...["ca.cert.der", "../ecp256/ca.cert.der"].map((name) => new Uint8Array(read(name))),
    );
    assert.ok(long.length > 3840 && long.length < 4040, `${long.length}`);
    for (const [version, why] of [
      [V1_2, "Unspecified"],
      [V1_3, "OperationFailed"],
      [V1_4, "DataTooLarge: at most 3892 bytes"],
    ] as readonly (readonly [Version, string])[])
      await assert.rejects(device.install(3, long, { ...BY_PSK, version }), refused(why));
    assert.ok(device.flash().equals(before));
  });

  test("within the heap's budget", limit, async (t) => {
    await device.board.idle();
    const heapPeak = await device.board.readWord(device.board.symbols.heapPeakLength);
    t.diagnostic(`heap: ${heapPeak} B at most`);
    assert.ok(heapPeak <= budgets.psa.heapLength, `heap ${heapPeak}`);
  });
});

test("power that fails in the middle leaves a board that attests", limit, async () => {
  const device = new Device("cut", { certificates: true });
  await device.boot();
  try {
    for (const delayMs of [100, 200, 300]) {
      const before = device.flash();
      const cut = device.install(5, BUNDLE).catch(() => undefined);
      // The bank that does not count is erased first.
      while (device.flash().equals(before)) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await device.board.close();
      await cut;
      await device.boot();
      await device.attest(0);
    }
    await device.install(5, BUNDLE);
    await device.attest(5);
  } finally {
    await device.board.close();
  }
});

test("without pre-shared keys and proofs there is nobody who could set any", limit, async () => {
  const flash = writeIdentityImage({ ...loadIdentity(KEYS, { certificates: true }), psks: [] }, sha256);
  const board = await startBoard({ flash, lifetimeMs: limit.timeout });
  try {
    const link = new MctpLink(board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
    await link.discover();
    await assert.rejects(requestCsr(link, attestOptions({})), /takes no GET_CSR/);
  } finally {
    await board.close();
  }
});
