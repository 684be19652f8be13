/** `spdm provision`: gives a board without an identity one, once. */
import {
  BEGIN,
  COMMIT,
  DONE,
  FAILED,
  OUT_OF_ORDER,
  PROVISIONED,
  PROVISIONING_TYPE,
  readProvisioningResponse,
  WRITE,
  writeProvisioningRequest,
} from "../certs/provisioning.js";
import { Reader, Writer } from "../src/wire.js";
import { type Link, TimeoutError } from "./link.js";

/** Bytes of the image in one message: a page of flash, and below every board's longest message. */
const PART_LENGTH = 256;
const HEADER_LENGTH = 9;
/** A board erases 16 sectors of flash before it answers BEGIN, up to 0.4 s each. */
const TIMEOUT_MS = 8000;
const ATTEMPTS = 3;
const NOTHING = new Uint8Array(0);

const COMPLAINTS: Readonly<Record<number, string>> = {
  [PROVISIONED]: "the board has an identity already: to replace it, erase it with a flashing tool",
  [OUT_OF_ORDER]: "the board lost track: begin again",
  [FAILED]: "the board's flash failed, or it does not take this identity",
};

/** Installs `image`; throws an Error that says why not. */
export async function provision(link: Link, image: Uint8Array): Promise<void> {
  await ask(link, BEGIN, image.length);
  for (let offset = 0; offset < image.length; offset += PART_LENGTH) {
    await ask(link, WRITE, offset, image.subarray(offset, offset + PART_LENGTH));
  }
  await ask(link, COMMIT);
}

async function ask(link: Link, command: number, value = 0, data: Uint8Array = NOTHING): Promise<void> {
  const w = new Writer(new Uint8Array(HEADER_LENGTH + data.length));
  writeProvisioningRequest(w, { command, value, data });
  const code = readProvisioningResponse(new Reader(await exchange(link, w.written())), command);
  if (code !== DONE) throw new Error(COMPLAINTS[code] ?? `the board answers ${code}`);
}

/** Every request may be made again: the board knows the last one. */
async function exchange(link: Link, message: Uint8Array): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await link.exchange(PROVISIONING_TYPE, message, TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof TimeoutError) || attempt === ATTEMPTS) throw error;
    }
  }
}
