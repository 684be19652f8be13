/** The board's side of certs/provisioning.ts. */
import {
  BEGIN,
  COMMIT,
  DONE,
  FAILED,
  OUT_OF_ORDER,
  PROVISIONED,
  PROVISIONING_TYPE,
  type ProvisioningRequest,
  readProvisioningRequest,
  STATUS,
  writeProvisioningResponse,
} from "../certs/provisioning.js";
import type { Handler } from "../src/mctp/endpoint.js";
import { Reader, WireError, Writer } from "../src/wire.js";

/** Where the image goes; hal/chip/install.js on a board. Each returns whether it could. */
export interface Installer {
  /** Whether an identity is there already. */
  installed(): boolean;
  begin(length: number): boolean;
  append(data: Uint8Array): boolean;
  /** Checks the image; it counts from the next boot on. */
  commit(): boolean;
}

/** 1.0, of a protocol of our own. */
const VERSIONS = Object.freeze([0xf1f0f000]);

/** Takes one identity, and then none any more. What is no request of this protocol gets no answer. */
export class Provisioning implements Handler {
  readonly type = PROVISIONING_TYPE;
  readonly versions = VERSIONS;
  readonly #installer: Installer;
  #length = 0;
  #written = 0;
  /** Of the last WRITE: it comes again if its response was lost. */
  #lastOffset = -1;
  #committed = false;

  constructor(installer: Installer) {
    this.#installer = installer;
  }

  respond(request: Uint8Array, reply: Uint8Array): number {
    let asked: ProvisioningRequest;
    try {
      asked = readProvisioningRequest(new Reader(request));
    } catch (error) {
      if (error instanceof WireError) return 0;
      throw error;
    }
    const w = new Writer(reply);
    const status = this.#answer(asked);
    // There are private keys in it, and it lies in the endpoint's buffer until another message does. Where there is no data,
    // what stands for it is in ROM.
    if (asked.data.length > 0) asked.data.fill(0);
    writeProvisioningResponse(w, asked.command, status);
    return w.written().length;
  }

  #answer({ command, value, data }: ProvisioningRequest): number {
    if (command === COMMIT && this.#committed) return DONE;
    if (this.#committed || this.#installer.installed()) return PROVISIONED;
    if (command === STATUS) return DONE;
    if (command === BEGIN) return this.#begin(value);
    return command === COMMIT ? this.#commit() : this.#write(value, data);
  }

  #begin(length: number): number {
    if (!this.#installer.begin(length)) return this.#fail();
    this.#written = 0;
    this.#lastOffset = -1;
    this.#length = length;
    return DONE;
  }

  #write(offset: number, data: Uint8Array): number {
    if (offset === this.#lastOffset && data.length === this.#written - offset) return DONE;
    if (offset !== this.#written || data.length > this.#length - offset) return OUT_OF_ORDER;
    if (!this.#installer.append(data)) return this.#fail();
    this.#lastOffset = offset;
    this.#written = offset + data.length;
    return DONE;
  }

  #commit(): number {
    if (this.#length === 0 || this.#written !== this.#length) return OUT_OF_ORDER;
    if (!this.#installer.commit()) return this.#fail();
    this.#committed = true;
    return DONE;
  }

  /** All of it begins again. */
  #fail(): number {
    this.#length = 0;
    this.#written = 0;
    this.#lastOffset = -1;
    return FAILED;
  }
}
