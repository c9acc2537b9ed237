import { readFileSync } from "node:fs";
import { parse } from "yaml";

export type Json = Record<string, unknown>;
interface Reference {
  $ref: string;
}

/** As much of AsyncAPI 3.0.0 as the tests look at. */
export interface AsyncApi {
  channels: Record<
    string,
    {
      address: string;
      parameters: Record<string, Reference>;
      messages: Record<string, Reference>;
      "x-max-payload-bytes": number;
    }
  >;
  operations: Record<
    string,
    { action: "send" | "receive"; channel: Reference; bindings: { mqtt: { qos: number; retain: boolean } } }
  >;
  components: {
    messages: Record<string, { payload: Json; examples?: { payload: unknown }[] }>;
    parameters: Record<string, { "x-pattern": string }>;
    schemas: Record<string, Json>;
  };
}

export const root = (path: string) => new URL(`../../../${path}`, import.meta.url);
export const readText = (path: string) => readFileSync(root(path), "utf8");
export const readAsyncApi = (path: string): AsyncApi => parse(readText(path)) as AsyncApi;

/** What a reference names last. */
export const named = ({ $ref }: Reference) => $ref.slice($ref.lastIndexOf("/") + 1);

/** Finds the channel of a topic by what the document says, and by nothing else. */
export function channelFinder({ channels, components }: AsyncApi): (topic: string) => string | null {
  const patterns = Object.entries(channels).map(([name, { address, parameters }]) => {
    const levels = address.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => {
      const { "x-pattern": pattern } = components.parameters[named(parameters[parameter] as Reference)] ?? {};
      return `(?:${pattern?.slice(1, -1)})`;
    });
    return { name, pattern: new RegExp(`^${levels.replaceAll("$", "\\$")}$`) };
  });
  return (topic) => patterns.find(({ pattern }) => pattern.test(topic))?.name ?? null;
}
