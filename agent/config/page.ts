import { allowed, listSettings, type Setting, type SettingValue } from "../contract/setting-list.ts";

/** The page of every setting, in Markdown, made from their one declaration. */
export function settingsPage(): string {
  const sections = [...new Set(listSettings().map(({ section }) => section))];
  return `${HEAD}\n${sections.map(sectionTable).join("\n")}`;
}

const HEAD = `# Settings

<!-- Made by \`npm run docs\` from agent/contract/settings.ts: change it there. -->

A configuration is a YAML file of sections, given with \`--config FILE\`; every setting has a default, so write only
what differs:

\`\`\`yaml
device:
  id: back-door
camera:
  source: file:porch.mp4
broker:
  urls: [mqtts://broker.example.org]
  passwordFile: broker.password
\`\`\`

- The command line wins over the file, the file over the default. \`--print-config\` shows every setting with where
  its value came from; what it prints is itself such a file.
- A relative path in the file is looked for from the folder of the file, one on the command line (and the default
  data folder) from the working directory.
- No setting holds a secret: a password stands in a file of its own, on its first line. An address holds neither a
  user name nor a password, and no \`?\` or \`#\`, since addresses are logged.
- \`mqtt://\` and \`ws://\` reach this machine alone, unless \`broker.allowPlaintext\` is true.
- A setting that is unknown or not allowed is refused with its path and line, what was found and what is allowed, and
  the agent ends with exit code 2. So are settings that contradict one another, such as a \`button.longMs\` that is
  not more than \`button.holdMs\`, or a \`clip.ringMaxBytes\` too small for the pre-roll.
- What came over the wire (\`config/desired\`) lies over the file, and is kept in \`config-desired.json\` in the data
  folder. "Over the wire" says who may change a setting so: \`broker\` is whoever may write that topic, \`owner\` only the
  owner's signature (\`owner.publicKey\`, \`porchlight-owner\`), – nobody: those stand in the file alone.
- Anchors, aliases, tags and a second document are not used.
`;

function sectionTable(section: string): string {
  const rows = listSettings()
    .filter((setting) => setting.section === section)
    .map((setting) => `| ${cells(setting).map(escapeBars).join(" | ")} |`);
  return `## ${section}

| setting | default | allowed | over the wire | what it is |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function cells(setting: Setting): string[] {
  const { changedBy } = setting;
  const overTheWire = changedBy === "never" ? "–" : changedBy;
  return [`\`${setting.name}\``, inCode(setting.default), allowed(setting), overTheWire, setting.description];
}

function inCode(value: SettingValue): string {
  return `\`${typeof value === "object" ? `[${value.join(", ")}]` : value === "" ? '""' : value}\``;
}

function escapeBars(text: string): string {
  return text.replaceAll("|", "\\|");
}
