/** What became of packets and messages. Only ever counted up; for diagnosis, and for tests. */
export class Counters {
  /** Messages that arrived whole. */
  messages = 0;
  /** Frames that the binding refused: length, address, command, checksum, escapes. */
  brokenFrames = 0;
  /** Packets of an unknown header version or from an endpoint that cannot exist. */
  brokenPackets = 0;
  /** Packets to another endpoint. */
  foreignPackets = 0;
  /** Answers that nobody waits for. */
  strays = 0;
  /** Packets that continue a message whose beginning is missing, dropped, expired or already complete. */
  orphans = 0;
  /** Messages dropped because a packet was out of sequence: lost, repeated or overtaken. */
  sequenceBreaks = 0;
  /** Messages dropped because a packet was longer than the first, or shorter and not the last. */
  lengthBreaks = 0;
  /** Messages dropped because they are longer than we take. */
  oversize = 0;
  /** Unfinished messages dropped because the same sender began anew with the same tag. */
  restarts = 0;
  /** Unfinished messages dropped after silence. */
  expiries = 0;
  /** Unfinished messages dropped because another needed the place. */
  evictions = 0;
  /** Messages of a type we do not have, or with an integrity check. */
  unsupported = 0;
  /** Replies given up half-way because the next one was ready. */
  abandonedReplies = 0;
}
