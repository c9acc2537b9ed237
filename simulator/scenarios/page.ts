import { QUANTITIES } from "../sim/quantities.ts";
import { MISHAP_KINDS } from "../virtual/faults.ts";
import { FAULT_WORDS } from "./fault-words.ts";
import { allowedIn } from "./fields.ts";
import { cannotPlay } from "./live/live-mishaps.ts";
import {
  BESIDE_A_STEP,
  BROKER,
  type Declarations,
  type Declared,
  DOORBELL,
  EXPECTATIONS,
  HEAD,
  STEPS,
} from "./schema.ts";

/** A story of the gallery, for the page. */
export interface GalleryEntry {
  id: string;
  name: string;
  about: string;
}

/** The page of the scenario format, in Markdown, made from its one declaration. */
export function scenarioPage(gallery: readonly GalleryEntry[]): string {
  return [
    HEAD_TEXT,
    "## The file\n",
    table(HEAD),
    "`settings` holds settings by their paths, such as `uplink.settle: receipt` (docs/settings.md); bounds in bytes may be",
    "smaller here than on a device. What names a file, a device or an address belongs to the machine and is refused.",
    "`doorbells` is how many there are, or a list of what differs: `doorbells: [{}, { link: { rate: 20kB/s } }]`.\n",
    ...Object.entries(DOORBELL).map(([name, part]) =>
      section(`\`${name}\``, part.description, part.properties),
    ),
    section("`broker`", BROKER.description, BROKER.properties),
    "## Steps\n",
    "A step is its name, or a map of its name and its fields. Where a field is **bold**, its value stands right behind",
    "the name, and the others beside it; otherwise the fields stand within.\n",
    section("Beside every step", "", BESIDE_A_STEP),
    ...Object.entries(STEPS).map(([name, { schema, main }]) =>
      section(`\`${name}\``, schema.description, schema.properties, main),
    ),
    "## Faults\n",
    "| fault | what goes wrong |\n|---|---|",
    ...Object.entries(FAULT_WORDS).map(([kind, words]) => `| \`${kind}\` | ${words} |`),
    "",
    "## Expectations\n",
    EXPECTATION_TEXT,
    ...Object.entries(EXPECTATIONS).map(([name, { description, properties }]) =>
      section(`\`expect: { ${name}: … }\``, description, properties),
    ),
    LIVE_TEXT,
    ...notLive(),
    "## The gallery\n",
    "| story | what happens |\n|---|---|",
    ...gallery.map(({ id, about }) => `| \`${id}\` | ${escapeBars(about)} |`),
    "",
  ].join("\n");
}

const HEAD_TEXT = `# Scenarios

<!-- Made by \`npm run docs\` from simulator/scenarios/schema.ts: change it there. -->

A scenario is a story in YAML: what is done to a doorbell, what goes wrong around it, and what must come of it. It
needs no hardware and no broker, and takes milliseconds, however long the story:

\`\`\`yaml
name: A press during an outage
steps:
  - wait: 10s
  - fault: link.cut
    for: 1m
  - press
  - expect: { ring: 1 }
  - expect: { event: press, count: 1, late: true, within: 3m }
\`\`\`

\`\`\`
porchlight-sim scenario outage.yaml              # plays it: exit code 0 passed, 1 failed, 2 the file is wrong
porchlight-sim scenario outage.yaml --watch      # again whenever the file changes
porchlight-sim scenario *.yaml --junit out.xml   # for a build server; --json for other machines
porchlight-sim scenario outage.yaml --live       # here and now: real broker, real ffmpeg, the agent as a process
porchlight-sim scenario --list                   # the gallery; play one by its name, or all of it with --all
\`\`\`

- A mistake is told with file, line, column and what would be right; nothing is played then. So is an expectation that
  can never be met.
- Whatever a scenario expects, the promises that hold in every world are checked when it is over and everything has
  settled: no press lost, none rung late, each clip whole or declared, …
- The same file and version is the same run on every machine, to the last message.
- Times are \`200ms\`, \`2.5s\`, \`1h30m\`, \`90d\`; sizes \`8KiB\`, \`2MB\`; rates \`256kbit/s\`, \`2MB/s\`; shares \`12%\`.
- Without \`door\`, a step is done at every doorbell, and an expectation must hold at every one of them.
- Steps follow one another: what a finger does takes as long as the finger is on the button, and 150ms; motions and
  faults go on beside the next steps. \`at\` gives a step its time instead.
- For completion in an editor: \`# yaml-language-server: $schema=…/docs/scenario.schema.json\` as the first line.
`;

const EXPECTATION_TEXT = `An expectation looks at what was seen **since the beginning, or since the last \`mark\`**: what
the household saw and heard, and what the receiver got. It must hold at once, or \`within\` a time, and then the story
goes on at that moment. The first one that does not hold ends the story. How many are expected is exact with \`count\`,
\`ring\` and \`snapshot\`: one too many fails at once.
`;

const LIVE_TEXT = `## Live

With \`--live\` the same story is played on this machine, in its own time: each doorbell is the agent in a process of its
own (\`power: cut\` is \`kill -9\`), with real ffmpeg, behind a link that can be broken, and a mosquitto of its own, the
embedded broker where none is installed, or \`--broker mqtt://HOST:PORT\`. \`--camera file:PATH\` films something else than
the drawn porch; motion is what the story says, not what the camera sees.

- The story begins when every doorbell is connected and its camera sees. In a virtual world it begins with the power:
  a story for both waits for its camera (\`expect: { event: camera, within: 10s, where: { state: up } }\`).
- What must hold in the end: everything has come to its end within two minutes, \`status\` is true, and no number of a
  sequence is missing that was not declared as dropped.
- Ctrl+C ends it in order. On a terminal each step is a line as it begins.
- At most 16 doorbells. \`broker: { oldWillLast: … }\` is as the broker does it. These cannot be played, and a file with
  one of them is refused before anything starts:
`;

function notLive(): string[] {
  const someBroker = { cannotKill: () => null };
  const rows = MISHAP_KINDS.flatMap((kind) => {
    const why = cannotPlay(kind, someBroker, { retained: true, sessions: true });
    return why === null ? [] : [`| \`${kind}\` | ${escapeBars(why.replace(/^.*?: /, ""))} |`];
  });
  const broker = "a broker that is not ours, or one that would have to keep what it does not keep";
  return ["| fault | why |\n|---|---|", ...rows, `| \`broker.kill\` | ${broker} |`, ""];
}

function section(
  title: string,
  description: string,
  properties: Declarations,
  main: string | null = null,
): string {
  const text = description !== "" ? `\n${description}\n` : "";
  const rows = Object.keys(properties).length > 0 ? `\n${table(properties, main)}` : "";
  return `### ${title}\n${text}${rows}`;
}

function table(properties: Declarations, main: string | null = null): string {
  const rows = Object.entries<Declared>(properties).map(([name, declared]) => {
    const shown = name === main ? `**\`${name}\`**` : `\`${name}\``;
    return `| ${shown} | ${defaultOf(declared)} | ${escapeBars(allowedIn(declared))} | ${escapeBars(declared.description ?? "")} |`;
  });
  return `| field | default | allowed | what it is |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function defaultOf(declared: Declared): string {
  const { default: value, quantity } = declared;
  if (value === undefined) return "~optional" in declared ? "" : "needed";
  if (quantity) return `\`${QUANTITIES[quantity].format(Number(value))}\``;
  return `\`${typeof value === "string" && value !== "" ? value : JSON.stringify(value)}\``;
}

function escapeBars(text: string): string {
  return text.replaceAll("|", "\\|");
}
