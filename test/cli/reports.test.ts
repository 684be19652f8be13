/** What a requester asks a responder to tell of itself: log, device class, events; told well, and by liars. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostLog } from "../../cli/host-log.js";
import { renderReport, toJson } from "../../cli/report.js";
import { attest } from "../../cli/requester/attest.js";
import type { ReportOffer } from "../../cli/requester/offer.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { measurementChanged } from "../../src/events.js";
import type { Responder } from "../../src/responder.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { type Alter, type Device, OPTIONS, SESSION, TestLink } from "./answering.js";

interface Asked {
  readonly version?: Version;
  readonly alter?: Alter;
  readonly device?: Device;
  readonly inSession?: boolean;
}

const ask = (reports: ReportOffer, { version, alter, device, inSession = false }: Asked = {}) =>
  attest(new TestLink(alter, device), { ...OPTIONS, version, reports, ...(inSession ? { session: SESSION } : {}) });

/** Changes responses of one code. */
const change =
  (code: number, by: (response: Uint8Array) => Uint8Array | undefined): Alter =>
  (response) =>
    response[1] === code ? (by(response) ?? response) : response;

const set =
  (at: number, value: number) =>
  (response: Uint8Array): undefined => {
    response[at < 0 ? response.length + at : at] = value;
  };

describe("the measurement extension log", () => {
  test("is covered by signed measurements, in sessions and out of them", async () => {
    for (const version of [V1_3, V1_4]) {
      for (const inSession of [false, true]) {
        const result = await ask({ log: true }, { version, inSession });
        assert.deepEqual(result.reasons, []);
        assert.deepEqual(
          result.log!.map(({ index, measurement, type, raw, covered }) => [index, measurement, type, raw, covered]),
          [
            [1, 17, "mutable firmware", false, true],
            [2, 17, "firmware version", true, true],
            [3, 17, "informational", true, true],
          ],
        );
        assert.match(
          renderReport(result, false),
          /\nMeasurement log {2}3 of 3 entries covered by signed measurements\n/,
        );
        assert.equal(JSON.parse(toJson(result)).log.length, 3);
        assert.equal(JSON.parse(toJson(result)).deviceClass, null);
      }
    }
  });

  test("may have grown since they were signed: what came since is not covered", async () => {
    let log: HostLog | undefined;
    const alter = change(0x60, () => {
      log!.tell("since");
      return undefined;
    });
    const device: Device = {
      ready: (_, own) => {
        log = own;
      },
    };
    const result = await ask({ log: true }, { alter, device });
    assert.equal(result.verdict, "trusted");
    assert.deepEqual(
      result.log!.map(({ covered }) => covered),
      [true, true, true, false],
    );
    assert.match(renderReport(result, false), /\n {7}4 {2}informational {5}not covered {2}"since"\n/);
  });

  test("comes in portions, and is read again if it grew between two", async () => {
    let log: HostLog | undefined;
    const device: Device = {
      ready: (_, own) => {
        log = own;
        for (let i = 0; i < 100; i++) own.tell(`${i} `.repeat(30));
      },
    };
    let grows = true;
    const alter = change(0x6f, () => {
      if (grows) log!.tell("meanwhile");
      grows = false;
      return undefined;
    });
    const result = await ask({ log: true }, { alter, device });
    assert.equal(result.verdict, "trusted");
    assert.equal(result.log!.length, 104);
    assert.deepEqual(
      result.log!.filter(({ covered }) => !covered).map(({ index }) => index),
      [104],
    );
    const always = change(0x6f, () => {
      log!.tell("again and again");
      return undefined;
    });
    await assert.rejects(ask({ log: true }, { alter: always, device }), /grows faster than it is read/);
  });

  const notCovered = /^measurement log: does not lead to measurement 17$/;
  const wrongPortion = /^MEASUREMENT_EXTENSION_LOG: PortionLength is wrong$/;
  const malformed = /^MEASUREMENT_EXTENSION_LOG: malformed/;
  const LOG = 12;
  const cases: readonly (readonly [
    what: string,
    lie: (response: Uint8Array) => Uint8Array | undefined,
    reason: RegExp,
  ])[] = [
    ["another value", set(LOG + 16 + 11, 0), notCovered],
    ["another type", set(LOG + 16 + 8, 2), notCovered],
    [
      "a log without its entries",
      (r) => Uint8Array.of(...r.subarray(0, 4), 16, 0, 0, 0, 0, 0, 0, 0, ...new Uint8Array(16)),
      notCovered,
    ],
    ["a gap", set(LOG + 16, 2), malformed],
    ["a length that is not its own", set(LOG + 4, 0), malformed],
    ["another number of entries", set(LOG, 4), malformed],
    ["an empty portion", (r) => Uint8Array.of(...r.subarray(0, 4), 0, 0, 0, 0, 1, 0, 0, 0), wrongPortion],
    ["a portion that is not there", set(4, 0xff), malformed],
    ["a remainder of 4 GB", (r) => set(11, 0xff)(r), /^MEASUREMENT_EXTENSION_LOG: longer than 1048576 bytes$/],
  ];
  for (const [what, lie, reason] of cases) {
    test(`with ${what}`, async () => {
      const result = await ask({ log: true }, { alter: change(0x6f, lie) });
      assert.equal(result.verdict, "untrusted");
      assert.match(result.reasons[0], reason);
    });
  }

  test("that there is none of is Impossible", async () => {
    await assert.rejects(
      ask({ log: true }, { version: V1_2 }),
      /^Impossible: SPDM 1.2 has no measurement extension log$/,
    );
    const refused = change(0x6f, () => Uint8Array.of(0x14, 0x7f, 4, 0));
    await assert.rejects(ask({ log: true }, { alter: refused }), /refused GET_MEASUREMENT_EXTENSION_LOG: UnexpectedR/);
  });
});

describe("the device class", () => {
  test("is signed, in sessions and out of them", async () => {
    for (const version of [V1_3, V1_4]) {
      for (const inSession of [false, true]) {
        const result = await ask({ deviceClass: true }, { version, inSession });
        assert.deepEqual(result.reasons, []);
        const subordinateIds = ["moddable-spdm", "host"].map((text) => Buffer.from(text).toString("hex"));
        assert.deepEqual(result.deviceClass, {
          signed: true,
          identifiers: [{ registry: "DMTF", vendorId: "", subordinateIds }],
        });
        assert.match(renderReport(result, false), /\n {2}✔ DMTF · "moddable-spdm" · "host"\n/);
      }
    }
  });

  const cases: readonly (readonly [
    what: string,
    lie: (response: Uint8Array) => Uint8Array | undefined,
    reason: RegExp,
  ])[] = [
    ["another class", set(8 + 32 + 4 + 12, 1), /^ENDPOINT_INFO: signature is wrong$/],
    ["another nonce", (r) => set(8, r[8] ^ 1)(r), /^ENDPOINT_INFO: signature is wrong$/],
    ["another signature", (r) => set(-1, r[r.length - 1] ^ 1)(r), /^ENDPOINT_INFO: signature is wrong$/],
    ["another slot", set(3, 1), /^ENDPOINT_INFO: answers for another slot$/],
    ["no signature", (r) => r.slice(0, -96), /^ENDPOINT_INFO: malformed/],
    ["more behind it", (r) => Uint8Array.of(...r, 0), /^ENDPOINT_INFO: longer than its fields$/],
    ["a length beyond it", set(8 + 32 + 3, 1), /^ENDPOINT_INFO: malformed/],
  ];
  for (const [what, lie, reason] of cases) {
    test(`with ${what}`, async () => {
      const result = await ask({ deviceClass: true }, { alter: change(0x07, lie) });
      assert.equal(result.verdict, "untrusted");
      assert.match(result.reasons[0], reason);
    });
  }

  test("that there is none of is Impossible", async () => {
    await assert.rejects(ask({ deviceClass: true }, { version: V1_2 }), Impossible);
  });
});

describe("events", () => {
  /** A responder to which `happens`, again and again. */
  function happening(happens: (responder: Responder, log: HostLog) => void): { device: Device; stop(): void } {
    let timer: ReturnType<typeof setInterval> | undefined;
    return {
      device: {
        ready(responder, log) {
          timer = setInterval(() => happens(responder, log), 50);
        },
      },
      stop: () => clearInterval(timer),
    };
  }

  test("of measurements that change come within the time", async () => {
    for (const version of [V1_3, V1_4]) {
      const { device, stop } = happening((responder) => responder.notify(measurementChanged([17, 1])));
      try {
        const result = await ask({ eventSeconds: 1 }, { version, device, inSession: true });
        assert.deepEqual(result.reasons, []);
        const { types, received } = result.events!;
        assert.deepEqual(types, ["EventLost", "MeasurementChanged", "MeasurementPreUpdate", "CertificateChanged"]);
        assert.ok(received.length > 2);
        const told = received.filter(({ type }) => type === "MeasurementChanged");
        assert.deepEqual(told[0], { instance: 1, type: "MeasurementChanged", detail: "measurements 1, 17" });
        assert.match(renderReport(result, false), /\n {7}1 {2}MeasurementChanged {2}measurements 1, 17\n/);
      } finally {
        stop();
      }
    }
  });

  test("that are too many are told as lost", async () => {
    const { device, stop } = happening((responder) => {
      for (let i = 0; i < 9; i++) responder.notify(measurementChanged([1]));
    });
    try {
      const { events } = await ask({ eventSeconds: 1 }, { device, inSession: true });
      const lost = events!.received.find(({ type }) => type === "EventLost");
      assert.match(lost!.detail, /^those behind \d+, up to \d+$/);
    } finally {
      stop();
    }
  });

  test("that do not come are none", async () => {
    const result = await ask({ eventSeconds: 0 }, { inSession: true });
    assert.deepEqual(result.events!.received, []);
    assert.match(renderReport(result, false), /\nEvents {2}EventLost, .*\n {4}none came\n/);
  });

  test("are Impossible before 1.3, and out of sessions", async () => {
    await assert.rejects(ask({ eventSeconds: 0 }, { version: V1_2, inSession: true }), Impossible);
    await assert.rejects(ask({ eventSeconds: 0 }), Impossible);
  });

  test("tell of sources that were measured again", async () => {
    const { device, stop } = happening((responder, log) => log.measureAgain(responder));
    try {
      const { events, reasons } = await ask({ eventSeconds: 1 }, { device, inSession: true });
      assert.deepEqual(reasons, []);
      assert.deepEqual(events!.received[0], { instance: 1, type: "MeasurementChanged", detail: "measurements 17" });
    } finally {
      stop();
    }
  });
});

test("algorithms that nobody asked for in CAPABILITIES are not believed", async () => {
  const block = [...new Uint8Array(2), 30, 0, ...new Uint8Array(26)];
  const alter = change(0x61, (response) => {
    response[2] = 1;
    return Uint8Array.of(...response, ...block);
  });
  const result = await ask({}, { alter });
  assert.deepEqual(result.reasons, ["CAPABILITIES: lists algorithms, which nobody asked for"]);
});
