/** The `config` of manifest.json, which the Moddable SDK makes a module of. */
declare module "mc/config" {
  const config: Readonly<Record<string, string | number>>;
  export default config;
}
