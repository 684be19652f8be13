import type { DeviceClass } from "../hal/endpoint-info.js";

/** What this command says that it is, as ENDPOINT_INFO: DMTF has no registry of vendors; what is below its ID is anybody's. */
export const ownClasses = (role: "host" | "requester"): readonly DeviceClass[] => [
  {
    standardId: 0,
    vendorId: new Uint8Array(0),
    subordinateIds: ["moddable-spdm", role].map((text) => Buffer.from(text)),
  },
];
