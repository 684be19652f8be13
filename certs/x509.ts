/** @peculiar/x509 with what must be loaded before it; import it from here only. */
import "reflect-metadata";

export * from "@peculiar/x509";
