/** Attestation: what the RP2040 has room for. */
import { psaEngines } from "../psa.js";
import { run } from "./run.js";

run(psaEngines);
