/**
 * Stands in for `tsc` in mcconfig's builds (typescript.compiler in manifest_spdm.json): `compile.mjs -p FILE-tsconfig.json`
 * bundles the module that it names with all it imports, as the emulated board's build does. On XS every module, binding and
 * name lies in flash: the Pico's image would be 60 KB larger. What stays an import is a native module, by its place in this
 * project, and what is imported by a plain name, which is for the manifest to resolve. Types are checked by `npm test`.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const [flag, path] = process.argv.slice(2);
if (flag !== "-p" || path === undefined) throw new Error("usage: compile.mjs -p FILE-tsconfig.json");

const keepImports = {
  name: "keep imports",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path, external: true, sideEffects: false },
    );
    onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir }) => {
      const file = resolve(resolveDir, path);
      const native = /\.d\.ts$/.test(declarationOf(file));
      return native ? { path: relative(root, file).replace(/\.js$/, ""), external: true } : undefined;
    });
  },
};

/** A native module is a .js file with its types beside it. */
function declarationOf(file) {
  const declaration = file.replace(/\.js$/, ".d.ts");
  try {
    readFileSync(declaration);
    return declaration;
  } catch {
    return "";
  }
}

const { files, compilerOptions } = JSON.parse(readFileSync(path, "utf8"));
const [source] = files;
const release = !/[\\/]debug[\\/]/.test(path);
const { outputFiles } = await build({
  entryPoints: [source],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minifyIdentifiers: release,
  minifySyntax: release,
  plugins: [keepImports],
});
const [{ contents }] = outputFiles;
const target = join(compilerOptions.outDir, relative(compilerOptions.rootDir, source)).replace(/\.ts$/, ".js");
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, contents);
/*
 * mcconfig's makefile knows of the one file only. A time that is older than any source has it come here in every build, and
 * since the time is the content's, what is made of it is made again when that has changed.
 */
const stamp = 1 + (createHash("sha256").update(contents).digest().readUInt32BE() % 1_000_000_000);
utimesSync(target, stamp, stamp);
