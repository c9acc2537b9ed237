import { type Static, type TProperties, Type } from "typebox";
import { COMMAND_CLASSES } from "./commands.ts";

/** No control characters, since values are shown on terminals. */
const PRINTABLE = "[^\\u0000-\\u001f\\u007f-\\u009f]";
const BROKER_URL = "mqtt://, mqtts://, ws:// or wss:// and a host";

/**
 * Every setting of the agent, declared once: type, unit, bounds, default and description.
 * Validation, `--print-config` and the documentation are made from this.
 */
export const SettingsSchema = Type.Object(
  {
    device: section({
      id: text("front-door", "Name of this doorbell on the wire", {
        pattern: "^[a-z0-9-]{3,36}$",
        allowed: "3 to 36 characters of a-z, 0-9 and -",
      }),
      dataFolder: text("porchlight-data", "Folder for outbox, clips and state; one agent a folder", {
        pattern: `^${PRINTABLE}+$`,
        allowed: "a path",
        holdsPath: "whole",
      }),
      bellOnlyMs: ms(
        600_000,
        10_000,
        86_400_000,
        "How long bell-only mode lasts after three crashes in a minute",
      ),
      clock: oneOf(
        ["timesyncd", "system"],
        "timesyncd",
        "Whose word makes a time `synced`: systemd-timesyncd's marker, or the system clock as it is",
      ),
    }),
    button: section({
      device: text("none", "Input event device of the button (evdev, such as /dev/input/event0), or `none`"),
      holdMs: ms(40, 5, 1_000, "A press must hold this long: shorter ones are ghosts of a long wire"),
      doubleWithinMs: ms(400, 100, 2_000, "Longest pause between the two presses of a double press"),
      longMs: ms(1_500, 300, 20_000, "A press held this long is a long press"),
      stuckMs: ms(30_000, 2_000, 600_000, "A press held this long is a stuck button"),
      maxPerMinute: count(30, 1, 600, "presses", "Presses beyond this rate are counted but not sent"),
    }),
    light: section({
      led: text("none", "Name of an LED below /sys/class/leds, or `none`"),
      ringingMs: ms(4_000, 100, 60_000, "How long the light shows that the bell rang"),
    }),
    camera: section({
      source: text("none", "`test`, `file:PATH`, `rtsp://HOST/…` or `none`; no user name or password in it", {
        pattern: `^(none|test|file:${PRINTABLE}+|rtsp://[!-~]+)$`,
        allowed: "none, test, file: and a path, or rtsp:// and a host",
        holdsPath: "after file:",
        besideSecret: true,
      }),
      transport: oneOf(["tcp", "udp"], "tcp", "How an `rtsp://` camera's packets travel"),
      username: text("", "User name of an `rtsp://` camera, or empty"),
      passwordFile: text("", "File whose first line is that camera's password, or empty", {
        holdsPath: "whole",
        besideSecret: true,
      }),
      widthPx: count(1280, 160, 3840, "px", "Width of the encoded picture", { multipleOf: 2 }),
      heightPx: count(720, 120, 2160, "px", "Height of the encoded picture", { multipleOf: 2 }),
      framesPerSecond: count(15, 1, 60, "1/s", "Pictures a second of the encoded video"),
      bitrateKbps: count(2_000, 100, 20_000, "kbit/s", "Bit rate of the encoded video"),
      stallMs: ms(5_000, 1_000, 60_000, "A capture that delivers nothing for this long is started anew"),
      restartMinMs: ms(500, 100, 60_000, "First pause before a failed capture is tried again"),
      restartMaxMs: ms(60_000, 1_000, 3_600_000, "Longest such pause; it doubles each time, with jitter"),
    }),
    sound: section({
      record: Type.Boolean({ default: false, description: "Record the source's sound into clips" }),
      bitrateKbps: count(64, 16, 320, "kbit/s", "Bit rate of sound that is not AAC already"),
    }),
    motion: section({
      watch: Type.Boolean({
        default: true,
        description: "Watch for motion, and tell where it starts and ends",
      }),
      sensitivity: count(50, 1, 100, "%", "How little may move to be told: 100 tells the most"),
      zones: polygons("Only motion in one of these is told; the whole picture when there are none"),
      endAfterMs: ms(5_000, 500, 120_000, "Motion has ended when nothing has moved for this long"),
      recordClip: Type.Boolean({
        default: false,
        description: "Take a snapshot and record a clip on motion",
      }),
    }),
    privacy: section({
      masks: polygons(
        "What lies in one of these is blackened before anything is encoded, whatever the source",
      ),
    }),
    still: section({
      widthPx: count(640, 160, 1920, "px", "Width of a snapshot's preview", { multipleOf: 2 }),
      maxBytes: bytes(24_000, 4_000, 128_000, "A preview is never larger"),
      idleMs: ms(60_000, 1_000, 3_600_000, "The process that makes stills ends after this long without one"),
    }),
    clip: section({
      preRollMs: ms(4_000, 0, 30_000, "How far before the press a clip begins, at least"),
      postRollMs: ms(6_000, 1_000, 60_000, "How long a clip goes on after the last press"),
      maxMs: ms(60_000, 5_000, 600_000, "Longest clip, without its pre-roll"),
      segmentBytes: bytes(65_536, 4_096, 131_072, "Largest piece of a clip on the wire"),
      prefix: oneOf(
        ["clip", "$file-async"],
        "clip",
        "Where clips go: `clip` below this doorbell's topics, or `$file-async` of an EMQX that stores them itself",
      ),
      ringMaxBytes: bytes(33_554_432, 1_048_576, 268_435_456, "Memory for the ring of recent video"),
    }),
    spool: section({
      maxBytes: bytes(536_870_912, 1_048_576, 1_099_511_627_776, "Disk for recorded clips"),
      maxAgeMs: ms(259_200_000, 60_000, 2_419_200_000, "A clip older than this is removed"),
    }),
    outbox: section({
      maxBytes: bytes(33_554_432, 65_536, 17_179_869_184, "Disk for messages that are not settled"),
      maxAgeMs: ms(
        1_209_600_000,
        60_000,
        31_536_000_000,
        "A message older than this is dropped, and counted",
      ),
      memoryRows: count(
        256,
        16,
        4_096,
        "messages",
        "Messages held in memory while the disk cannot take them",
      ),
    }),
    broker: section({
      urls: Type.Array(Type.String({ pattern: "^(mqtt|mqtts|ws|wss)://[!-~]+$", allowed: BROKER_URL }), {
        default: ["mqtt://127.0.0.1:1883"],
        minItems: 1,
        maxItems: 8,
        description: "Brokers in the order of preference; no user name or password in them",
      }),
      protocol: oneOf(["5", "3.1.1"], "5", "Version of MQTT"),
      username: text("", "User name, or empty"),
      passwordFile: text("", "File whose first line is the password, or empty", {
        holdsPath: "whole",
        besideSecret: true,
      }),
      caFile: text(
        "",
        "File of certificate authorities in PEM, or empty for those that Node.js brings along",
        {
          holdsPath: "whole",
        },
      ),
      certFile: text("", "File of this device's certificate (and its chain) in PEM, or empty for none", {
        holdsPath: "whole",
      }),
      keyFile: text(
        "",
        "File of that certificate's private key in PEM, without a passphrase, not open to everybody",
        {
          holdsPath: "whole",
          besideSecret: true,
        },
      ),
      crlFile: text("", "File of certificate revocation lists in PEM, or empty for none", {
        holdsPath: "whole",
      }),
      tlsMinVersion: oneOf(["1.2", "1.3"], "1.2", "Oldest version of TLS"),
      allowPlaintext: Type.Boolean({
        default: false,
        description: "Allow mqtt:// and ws:// to another machine, unencrypted",
      }),
      keepAliveS: count(30, 5, 600, "s", "MQTT keep-alive"),
    }),
    uplink: section({
      settle: oneOf(["puback", "receipt"], "puback", "What ends an event's stay in the outbox"),
      ackTimeoutMs: ms(
        10_000,
        1_000,
        120_000,
        "A connection without an awaited acknowledgement for this long ends",
      ),
      receiptTimeoutMs: ms(
        30_000,
        1_000,
        3_600_000,
        "An event without a receipt for this long is sent again",
      ),
      reconnectMinMs: ms(500, 50, 60_000, "Bound of the first pause before connecting again (full jitter)"),
      reconnectMaxMs: ms(60_000, 1_000, 3_600_000, "Largest such bound; it doubles each time"),
      windowMessages: count(
        64,
        1,
        1_024,
        "messages",
        "Events sent and not yet acknowledged, for each sequence",
      ),
      windowMs: ms(
        200,
        20,
        10_000,
        "What is not a press and not yet acknowledged is kept to what the link carries in this time",
      ),
      windowBytes: bytes(4_194_304, 4_096, 67_108_864, "It is never more than this, however fast the link"),
    }),
    commands: section({
      allow: Type.Array(Type.Enum([...COMMAND_CLASSES]), {
        default: [...COMMAND_CLASSES],
        minItems: 0,
        maxItems: COMMAND_CLASSES.length,
        description: "Classes of commands that are taken from the broker; none when the list is empty",
      }),
      maxPerMinute: count(60, 1, 600, "commands", "Commands beyond this rate are refused"),
    }),
    owner: section({
      publicKey: text(
        "",
        "The owner's Ed25519 public key, as `porchlight-owner keys init` prints it; empty: nothing signed is taken",
        {
          pattern: "^([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])?$",
          allowed: "43 characters of base64url, or empty",
        },
      ),
    }),
    configuration: section({
      trialMs: ms(
        300_000,
        5_000,
        3_600_000,
        "Configuration from the wire with which no broker is reached for this long is rolled back",
      ),
    }),
    health: section({
      everyMs: ms(900_000, 10_000, 86_400_000, "Pause between two health messages"),
    }),
    homeAssistant: section({
      enabled: Type.Boolean({
        default: false,
        description: "Announce this doorbell to Home Assistant (MQTT device discovery)",
      }),
      discoveryPrefix: text(
        "homeassistant",
        "Home Assistant's discovery prefix; its birth message is on `{prefix}/status`",
        {
          pattern: "^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}$",
          allowed: "up to 4 levels of A-Z, a-z, 0-9, _ and -",
        },
      ),
      deviceName: text("", "Name of the device there, or empty for `device.id`", {
        pattern: `^${PRINTABLE}{0,64}$`,
        allowed: "up to 64 characters on one line",
      }),
      snapshots: Type.Boolean({
        default: false,
        description:
          "Show the last snapshot there. Whoever may see Home Assistant sees it, and Home Assistant's machine keeps it: it is no secret between doorbell and owner any more",
      }),
      remove: Type.Boolean({
        default: false,
        description:
          "Take the announcement back, at each connection: Home Assistant then removes the device. Needs `enabled: false`",
      }),
    }),
    log: section({
      level: oneOf(["debug", "info", "warn", "error"], "info", "Least severe level that is logged"),
    }),
  },
  { additionalProperties: false },
);

export type Settings = Static<typeof SettingsSchema>;

function section<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/**
 * `allowed` says `pattern` in words. `holdsPath`: the value, or what follows `file:` in it, is a path, in a
 * configuration file from that file's own folder. `besideSecret`: a secret may have been written here by mistake.
 */
function text(
  value: string,
  description: string,
  more: {
    pattern?: string;
    allowed?: string;
    holdsPath?: "whole" | "after file:";
    besideSecret?: true;
  } = {},
) {
  const oneLine = { pattern: `^${PRINTABLE}*$`, allowed: "text on one line" };
  return Type.String({ default: value, description, ...oneLine, ...more });
}

/** A duration in whole milliseconds. */
function ms(value: number, minimum: number, maximum: number, description: string) {
  return count(value, minimum, maximum, "ms", description);
}

function bytes(value: number, minimum: number, maximum: number, description: string) {
  return count(value, minimum, maximum, "bytes", description);
}

function count(
  value: number,
  minimum: number,
  maximum: number,
  unit: string,
  description: string,
  more: { multipleOf?: number } = {},
) {
  return Type.Integer({ default: value, minimum, maximum, unit, description, ...more });
}

/** Corners as `x,y` in thousandths of the picture's width and height, from its upper left corner. */
function polygons(description: string) {
  const coordinate = "(1000|[1-9]?[0-9]{1,2})";
  const corner = `${coordinate},${coordinate}`;
  return Type.Array(
    Type.String({
      pattern: `^${corner}( ${corner}){2,31}$`,
      allowed:
        'a polygon of 3 to 32 corners in thousandths of the picture, such as "0,0 250,0 250,400 0,400"',
    }),
    { default: [], minItems: 0, maxItems: 16, description },
  );
}

function oneOf<V extends string[]>(values: readonly [...V], value: NoInfer<V[number]>, description: string) {
  return Type.Enum(values, { default: value, description });
}
