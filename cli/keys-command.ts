import { type Command, Option } from "commander";
import { VERSIONS } from "../src/versions.js";
import { cryptoOption, integer, list } from "./arguments.js";
import { runKeys } from "./keys.js";
import { ASYMS, KEY_ALGORITHMS, KEY_USES, PQC_ALGORITHMS, versionName } from "./requester/names.js";
import { TARGETS } from "./target.js";

/** `spdm keys`. */
export function addKeysCommand(program: Command): void {
  program
    .command("keys")
    .description(`show, and change, the key pairs of a responder: ${TARGETS}`)
    .argument("<target>")
    .addOption(new Option("--version <version>", "speak only this one").choices(VERSIONS.map(versionName)))
    .addOption(new Option("--asym <name>", "of slots under this one").choices(Object.keys(ASYMS)))
    .addOption(cryptoOption())
    .option("--generate <id>", "generate a key pair first", integer(1, 255))
    .option("--erase <id>", "or erase one", integer(1, 255))
    .option("--change <id>", "or change what it is for", integer(1, 255))
    .addOption(
      new Option("--key-algorithm <name>", "what it is to be of").choices(
        Object.keys({ ...KEY_ALGORITHMS, ...PQC_ALGORITHMS }),
      ),
    )
    .addOption(new Option("--use <names...>", "what it is to be for").choices(Object.keys(KEY_USES)))
    .option("--slots <numbers...>", "whose it is to be; none if not given", list(integer(0, 7)))
    .option("--psk <hint>", "all of it in a session by the pre-shared key of this hint, text or 0x and hexadecimal")
    .option("--psk-key <key>", "it in hexadecimal, or its file: raw, or .json by hint; default: the development key")
    .option("--pcap <file>", "write all messages there, link type 291")
    .option("--json", "print one JSON object")
    .action(runKeys);
}
