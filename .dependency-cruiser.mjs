/**
 * Who may import whom: the table of the design, one row a folder. A folder imports itself, what its row names, and
 * nothing else: no other folder, no package, no part of Node. Types count like values.
 */
const PORTS = "^device/ports/";
const CONTRACT = "^agent/contract/";
/** Stands in a row for all of Node's own modules. */
const NODE = "Node";
/** @type {import("dependency-cruiser").DependencyType[]} */
const CORE = ["core"];
/** Hashing gives the same anywhere; the bans of test/unit/tidy.test.ts keep its random part out. */
const HASHING = "^crypto$";
const npm = (/** @type {string[]} */ ...names) => `^node_modules/(${names.join("|")})/`;
/** `@types/x` stands for the package `x`, which has no types of its own. */
const typed = (/** @type {string} */ name) => npm(name, `@types/${name}`);

/** @type {{ folder: string, may: string[], comment: string }[]} */
const TABLE = [
  {
    folder: "^device/ports/",
    may: [],
    comment:
      "Ports are types that everything else stands on. Put what a port needs into the port, or pass it in.",
  },
  {
    folder: "^device/boards/",
    may: [PORTS],
    comment: "A board profile is data. Code that reads it belongs to device/linux or device/doctor.",
  },
  {
    folder: "^device/linux/",
    may: [
      PORTS,
      "^agent/media/",
      NODE,
      npm("@ffmpeg-installer/[^/]+", "sharp", "tar-stream", "@types/tar-stream"),
      typed("better-sqlite3"),
      typed("fluent-ffmpeg"),
    ],
    comment:
      "An adapter knows its port and its library, not the agent. What it must be told comes in through its constructor; what it has to say goes out as an input.",
  },
  {
    folder: "^device/doctor/",
    may: [PORTS, "^device/linux/", "^device/boards/", "^agent/mqtt/", NODE],
    comment: "The self-test of a board tries adapters. It needs neither the core nor the simulator.",
  },
  {
    folder: CONTRACT,
    may: [npm("typebox")],
    comment:
      "The contract runs in browsers and is declared with the schema library alone. What needs Node belongs to agent/config or to an adapter.",
  },
  {
    folder: "^agent/consumer/",
    may: [CONTRACT, npm("typebox")],
    comment:
      "The consumer runs in browsers: contract and schema library. Hand it bytes; reading and writing is its caller's.",
  },
  {
    folder: "^agent/config/",
    may: [PORTS, CONTRACT, NODE, npm("typebox", "yaml")],
    comment:
      "Reading the configuration file: contract, YAML and the file. What a setting does belongs to whom it is passed to.",
  },
  {
    folder: "^agent/reference/",
    may: [CONTRACT, npm("typebox", "yaml")],
    comment:
      "Documents made from the contract: contract and YAML. Writing them to files is tools/docs.mjs's; nothing that runs needs them.",
  },
  {
    folder: "^agent/broker-config/",
    may: [CONTRACT],
    comment:
      "What a broker is told follows from the contract's topics alone. Printing it belongs to agent/main.ts.",
  },
  {
    folder: "^agent/core/",
    may: [CONTRACT, PORTS, npm("pure-rand")],
    comment:
      "The core is a function of its inputs. What it wants done is an action, what it must know is an input, chance comes from the seeded generator in its state (pure-rand).",
  },
  {
    folder: "^agent/journal/",
    may: [CONTRACT, "^agent/core/", NODE, npm("typebox")],
    comment:
      "A journal is what the core took in and did, in a file. It knows no port's adapter; reading it belongs to simulator/replay.",
  },
  {
    folder: "^agent/media/",
    may: [PORTS],
    comment:
      "Media code is pure: bytes in, bytes out. Reading, writing and hashing belong to device/linux; pass a function in.",
  },
  {
    folder: "^agent/mqtt/",
    may: [PORTS, CONTRACT, NODE, npm("mqtt", "mqtt-packet")],
    comment:
      "The broker's adapter: port, contract, its library. Decisions about what to send belong to the core.",
  },
  {
    folder: "^agent/vault/",
    may: [PORTS, CONTRACT, NODE, npm("jose")],
    comment: "The vault's adapter: port, contract, its library. Whose word counts is the core's to decide.",
  },
  {
    folder: "^agent/owner/",
    may: [
      CONTRACT,
      "^agent/consumer/",
      "^agent/config/",
      "^agent/version\\.ts$",
      NODE,
      npm("commander", "jose", "mqtt"),
    ],
    comment:
      "The owner's command line is on the other side of the contract: contract, consumer, and the form of the settings.",
  },
  {
    folder: "^agent/[^/]+\\.ts$",
    may: ["^agent/", "^device/", NODE, npm("commander", "pino")],
    comment:
      "Runtime and composition root use everything but the simulator, and no adapter's library: go through the adapter.",
  },
  {
    folder: "^simulator/world/",
    may: [PORTS, HASHING, npm("pure-rand")],
    comment:
      "The world is virtual: its clock, chance and events come from a seed. Of Node it has hashing alone.",
  },
  {
    folder: "^simulator/hardware/",
    may: [PORTS, "^simulator/world/", HASHING],
    comment:
      "A simulated adapter knows its port and the world. It must not know the agent that it is plugged into.",
  },
  {
    folder: "^simulator/replay/",
    may: [CONTRACT, "^agent/(config|core|journal)/", "^agent/version\\.ts$", NODE, npm("typebox")],
    comment:
      "A replay needs the core and the journal alone: no port, no world, no clock. Where it writes is passed in.",
  },
  {
    folder: "^simulator/network/",
    may: [PORTS, "^simulator/world/", CONTRACT, NODE, npm("aedes", "mqtt", "mqtt-packet")],
    comment: "Brokers and links know the world and the wire. They must not know the agent behind it.",
  },
  {
    folder: "^simulator/scenarios/live/",
    may: [
      PORTS,
      CONTRACT,
      "^agent/consumer/",
      "^agent/core/state\\.ts$",
      "^agent/(compose|crash-record|version)\\.ts$",
      "^simulator/",
      NODE,
    ],
    comment:
      "A live stage starts the agent as a device does and receives as a consumer does. A broker, a link or a library of theirs belongs to simulator/network.",
  },
  {
    folder: "^simulator/sim/",
    may: [
      PORTS,
      CONTRACT,
      "^agent/config/nearest\\.ts$",
      "^agent/core/inputs\\.ts$",
      "^simulator/(checkers|network|virtual|world)/",
      npm("typebox"),
    ],
    comment:
      "porchlight/sim runs in anybody's test: a world and nothing of the host. Files, processes and terminals belong to simulator/scenarios and simulator/live.",
  },
  {
    folder: "^simulator/conformance/",
    may: [
      PORTS,
      CONTRACT,
      "^agent/(config|consumer|mqtt)/",
      "^agent/runtime\\.ts$",
      "^device/linux/(absent|storage/clip-tar)\\.ts$",
      "^simulator/(world|hardware|live|scenarios)/",
      NODE,
      npm("typebox"),
    ],
    comment:
      "The conformance kit plays the real core on a virtual clock to a real broker, by the device's own adapter. It knows nothing of the consumer that it judges but the wire.",
  },
  {
    folder: "^simulator/fleet/",
    may: [PORTS, CONTRACT, "^agent/", "^device/linux/", "^simulator/(world|hardware|network|live)/", NODE],
    comment:
      "A fleet is many agents on simulated hardware, and one subscriber. Its libraries are behind the adapters of those.",
  },
];

/** Every library stands behind one adapter, so that it can be replaced there. */
const BEHIND = [
  {
    name: "mqtt",
    library: npm("mqtt", "mqtt-packet"),
    only: "^agent/(mqtt|owner)/|^simulator/(network|live)/",
    instead: "the port `Broker` (agent/mqtt)",
  },
  {
    name: "aedes",
    library: npm("aedes", "aedes-[a-z-]+"),
    only: "^simulator/network/",
    instead: "simulator/network's embedded broker",
  },
  {
    name: "better-sqlite3",
    library: typed("better-sqlite3"),
    only: "^device/linux/storage/",
    instead: "the ports `Store` and `FragmentStore`",
  },
  {
    name: "sharp",
    library: npm("sharp"),
    only: "^device/linux/",
    instead: "the port `Camera`, which takes stills",
  },
  {
    name: "fluent-ffmpeg",
    library: npm("@types/fluent-ffmpeg", "fluent-ffmpeg", "@ffmpeg-installer/[^/]+"),
    only: "^device/linux/",
    instead: "device/linux's ffmpeg adapter",
  },
  {
    name: "pino",
    library: npm("pino"),
    only: "^agent/[^/]+\\.ts$",
    instead: "a `log` action, or the logger that was passed in",
  },
  {
    name: "commander",
    library: npm("commander"),
    only: "^(agent|simulator)/[^/]+\\.ts$|^agent/owner/|^simulator/live/",
    instead: "options that were parsed already",
  },
  {
    name: "chalk",
    library: npm("chalk", "log-update"),
    only: "^simulator/live/",
    instead: "plain text: the terminal is simulator/live's",
  },
  {
    name: "yaml",
    library: npm("yaml"),
    only: "^agent/(config|reference)/|^simulator/scenarios/",
    instead: "agent/config, which knows lines and origins",
  },
  {
    name: "jose",
    library: npm("jose"),
    only: "^agent/(vault|owner)/",
    instead: "the port `Vault` (agent/vault)",
  },
  {
    name: "pure-rand",
    library: npm("pure-rand"),
    only: "^agent/core/|^simulator/world/",
    instead: "the chance that core or world hands out",
  },
];

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...TABLE.map(({ folder, may, comment }) => ({
      name: `table: ${folder}`,
      comment,
      severity: /** @type {const} */ ("error"),
      from: { path: folder },
      to: {
        pathNot: [folder, ...may.filter((path) => path !== NODE)],
        ...(may.includes(NODE) ? { dependencyTypesNot: CORE } : {}),
      },
    })),
    ...BEHIND.map(({ name, library, only, instead }) => ({
      name: `behind: ${name}`,
      comment: `Only ${only} may import it. Use ${instead}.`,
      severity: /** @type {const} */ ("error"),
      from: { path: "^(agent|device|simulator)/", pathNot: only },
      to: { path: library },
    })),
    {
      name: "what ships stands alone",
      comment:
        "The device holds no simulator, and nothing that ships holds a test. Pass it in through a port.",
      severity: "error",
      from: { path: "^(agent|device)/" },
      to: { path: "^(simulator|test)/" },
    },
    {
      name: "no test in the simulator",
      comment: "The simulator ships to testers. What both need belongs to the simulator.",
      severity: "error",
      from: { path: "^simulator/" },
      to: { path: "^test/" },
    },
    {
      name: "no circle",
      comment:
        "Two files that need each other are one file, or three: move what both need into its own. A circle that a type closes is none once it runs.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "nothing unresolved",
      comment: "The import leads nowhere: a wrong path, or a package that package.json does not name.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "declared packages only",
      comment:
        "What ships imports what `dependencies` in package.json names, not what happens to be installed.",
      severity: "error",
      from: { path: "^(agent|device|simulator)/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], pathNot: "^node_modules/@types/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default", "node"],
    },
  },
};
