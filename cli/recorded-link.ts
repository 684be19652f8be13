import { type Link, type LinkStatistics, SPDM_TYPE } from "./link.js";
import type { PcapWriter } from "./pcap.js";

/** A link that writes every message it carries to a capture. */
export class RecordedLink implements Link {
  readonly #link: Link;
  readonly #pcap: PcapWriter;

  constructor(link: Link, pcap: PcapWriter) {
    this.#link = link;
    this.#pcap = pcap;
  }

  get roundTripMs(): number {
    return this.#link.roundTripMs;
  }

  get timeScale(): number {
    return this.#link.timeScale;
  }

  get disturbanceCount(): number {
    return this.#link.disturbanceCount;
  }

  get statistics(): LinkStatistics | undefined {
    return this.#link.statistics;
  }

  async exchange(request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    this.#pcap.write(SPDM_TYPE, request);
    const response = await this.#link.exchange(request, timeoutMs);
    this.#pcap.write(SPDM_TYPE, response);
    return response;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
