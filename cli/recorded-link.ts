import type { Link, LinkStatistics } from "./link.js";
import type { PcapWriter } from "./pcap.js";

/** A link that writes every message it carries to a capture, as it is on the wire. */
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

  async exchange(type: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    this.#pcap.write(type, message);
    const answer = await this.#link.exchange(type, message, timeoutMs);
    this.#pcap.write(type, answer);
    return answer;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
