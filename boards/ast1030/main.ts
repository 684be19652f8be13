/** The firmware with cryptography by Mbed TLS in C, behind PSA. */
import { start } from "../firmware.js";
import { onI2C } from "../i2c.js";
import { psaEngines } from "../psa.js";
import { issuing } from "../psa-aliases.js";
import { certificates } from "../psa-certificates.js";
import { psaSessions } from "../psa-sessions.js";
import { reporting } from "../reporting.js";
import { I2C, PSA } from "./configuration.js";

start(PSA, { ...psaEngines, sessions: psaSessions, reporting: issuing(reporting), certificates }, [onI2C(I2C)]);
