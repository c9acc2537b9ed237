import { existsSync, readdirSync } from "node:fs";
import { step } from "./progress.mjs";
import { isInstalled, run, SetUpError } from "./run.mjs";

/** Real footage that the project did not make, for tests. */
const FOOTAGE = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";

/** What the tests need besides npm packages: Debian's package, and whether it is there. */
export const FOR_TESTS = [
  { name: "ffmpeg", isThere: () => isInstalled("ffmpeg") && isInstalled("ffprobe") },
  { name: "mosquitto", isThere: () => isInstalled("mosquitto") },
  { name: "mosquitto-clients", isThere: () => isInstalled("mosquitto_sub") && isInstalled("mosquitto_pub") },
  { name: "opencv-doc", isThere: () => existsSync(FOOTAGE) },
  // A browser for porchlight/consumer.
  { name: "chromium", isThere: () => isInstalled("chromium") },
  // A consumer that is not ours.
  { name: "python3-paho-mqtt", isThere: () => isDebianPackage("python3-paho-mqtt") },
  // A slow link for the bench.
  { name: "iproute2", isThere: () => isInstalled("ip") && isInstalled("tc") },
  // What Home Assistant renders its templates with.
  { name: "python3-jinja2", isThere: () => isDebianPackage("python3-jinja2") },
  // A real RTSP server, and what its pipelines are made of.
  ...[
    "python3-gi",
    "gir1.2-gst-rtsp-server-1.0",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-ugly",
    "gstreamer1.0-libav",
  ].map((name) => ({ name, isThere: () => isDebianPackage(name) })),
];

/** What compiles a native package. */
export const FOR_COMPILING = [
  { name: "python3", isThere: () => isInstalled("python3") },
  { name: "make", isThere: () => isInstalled("make") },
  { name: "g++", isThere: () => isInstalled("g++") },
];

/** @param {string} name */
function isDebianPackage(name) {
  const info = "/var/lib/dpkg/info";
  if (!existsSync(info)) return false;
  return readdirSync(info).some(
    (file) => file === `${name}.list` || (file.startsWith(`${name}:`) && file.endsWith(".list")),
  );
}

/**
 * Installs what is missing when this is Debian and we are root; else says what to install.
 * @param {readonly { name: string, isThere: () => boolean }[]} packages
 * @param {string} purpose such as `the tests`
 */
export async function needSystemPackages(packages, purpose) {
  const missing = () => packages.filter(({ isThere }) => !isThere()).map(({ name }) => name);
  const names = missing();
  if (names.length === 0) return;
  const list = names.join(" ");
  if (process.getuid?.() !== 0 || !isInstalled("apt-get")) {
    throw new SetUpError(
      `${purpose} need ${list}: install with \`sudo apt-get install ${list}\`, then try again`,
    );
  }
  await step(`Debian packages for ${purpose}: installing ${list}`, async () => {
    await aptGet(["update"]);
    // --reinstall and --path-include: minimal images leave documentation out, and footage counts as that.
    const paths = "DPkg::Options::=--path-include=/usr/share/doc/opencv-doc/*";
    await aptGet(["install", "-y", "--no-install-recommends", "--reinstall", "-o", paths, ...names]);
  });
  const still = missing();
  if (still.length > 0) throw new SetUpError(`apt-get installed ${still.join(" ")}, and yet it is not there`);
}

/** @param {readonly string[]} args */
async function aptGet(args) {
  const { code, output } = await run("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
  if (code !== 0)
    throw new SetUpError(`${output.trimEnd()}\napt-get ${args[0]} failed (its words are above)`);
}
