/**
 * Stands in for `tsc` in mcconfig's builds (manifest.json, typescript.compiler): `compile.mjs -p FILE-tsconfig.json` compiles
 * the one file that it names. On XS the name of every variable lies in flash and takes some 30 bytes there, so that in
 * release builds all but exported names are shortened. Types are checked by `npm test`, not here.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { transformSync } from "esbuild";

const [flag, path] = process.argv.slice(2);
if (flag !== "-p" || path === undefined) throw new Error("usage: compile.mjs -p FILE-tsconfig.json");

const { files, compilerOptions } = JSON.parse(readFileSync(path, "utf8"));
const [source] = files;
const { code } = transformSync(readFileSync(source, "utf8"), {
  loader: "ts",
  format: "esm",
  target: "es2022",
  sourcefile: source,
  minifyIdentifiers: !/[\\/]debug[\\/]/.test(path),
  minifySyntax: !/[\\/]debug[\\/]/.test(path),
});
const target = join(compilerOptions.outDir, relative(compilerOptions.rootDir, source)).replace(/\.ts$/, ".js");
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, code);
