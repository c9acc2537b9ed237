import { galleryFiles, galleryName } from "./gallery.ts";
import { scenarioJsonSchema } from "./json-schema.ts";
import { scenarioPage } from "./page.ts";
import { readScenario } from "./read.ts";

/** The files of `docs/` that are made from the declaration of the format and from the gallery, by their names. */
export function scenarioDocs(): Record<string, string> {
  const gallery = galleryFiles().map((file) => {
    const { name, about } = readScenario(file).scenario;
    return { id: galleryName(file), name, about };
  });
  return {
    "scenarios.md": scenarioPage(gallery),
    "scenario.schema.json": `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`,
  };
}
