import { fenceSvg, SCENE } from "./scene-porch.ts";

/** Drawings of the visitor a second. */
export const VISITOR_FPS = 8;
/** The part of the scene in which the visitor moves, in the scene's units. */
export const VISITOR_AREA = { x: 440, y: 140, width: 480, height: 524 } as const;

const LOOP_S = 20;
const GATE_Y = 404;
const DOOR_Y = 652;
/** The camera hangs this high over the path, in cm: whoever is taller rises over the horizon. */
const CAMERA_CM = 130;

/** Where the visitor is at one moment, and in which posture. */
interface Posture {
  /** Of the feet, in the scene's units. */
  x: number;
  y: number;
  view: "front" | "back" | "side-left" | "side-right";
  /** Radians of the walk; null when standing. */
  stride: number | null;
  /** 0: arm down, 1: the hand at the button. */
  reach: number;
  /** Degrees by which the head is tilted. */
  tilt: number;
}

/**
 * The visitor's drawings for one loop, in order: contents of SVGs in the scene's units, and "" while nobody
 * is there. They come from the street, walk up the path, ring, wait, and leave.
 */
export function visitorSvgs(): string[] {
  return Array.from({ length: LOOP_S * VISITOR_FPS }, (_, i) => {
    const posture = postureAt(i / VISITOR_FPS);
    return posture ? visitor(posture) : "";
  });
}

function postureAt(s: number): Posture | null {
  const walking = (at: Pick<Posture, "x" | "y" | "view">): Posture => ({
    ...at,
    stride: s * 2 * Math.PI * 0.9,
    reach: 0,
    tilt: 0,
  });
  const waiting = (reach: number, tilt: number): Posture => ({
    x: 640,
    y: DOOR_Y,
    view: "front",
    stride: null,
    reach,
    tilt,
  });
  if (s < 1.2) return walking({ x: 860 - (s / 1.2) * 220, y: GATE_Y - 10, view: "side-left" });
  if (s < 5.4) return walking({ x: 640, y: alongPath((s - 1.2) / 4.2), view: "front" });
  if (s < 7) return waiting(Math.min(1, (s - 5.4) / 0.4, (7 - s) / 0.4), 0);
  if (s < 12) return waiting(0, s < 8.6 ? 0 : s < 9.6 ? -7 : s < 10.8 ? 7 : 0);
  if (s < 16.6) return walking({ x: 640, y: alongPath(1 - (s - 12) / 4.6), view: "back" });
  if (s < 17.9) return walking({ x: 640 + ((s - 16.6) / 1.3) * 220, y: GATE_Y - 10, view: "side-right" });
  return null;
}

/** Height in the picture of somebody who has walked a part of the way at a steady pace: 1/distance. */
function alongPath(part: number): number {
  const far = 1 / (GATE_Y - SCENE.horizon);
  const near = 1 / (DOOR_Y - SCENE.horizon);
  return SCENE.horizon + 1 / (far + (near - far) * part);
}

const SKIN = "#c98f6b";
const JACKET = "#d9822b";
const JACKET_SHADE = "#b8691d";
const TROUSERS = "#34495e";
const TROUSERS_SHADE = "#283849";
const SHOES = "#20262d";

/** Somebody of 175 cm with a cap and a parcel. */
function visitor(posture: Posture): string {
  const scale = (posture.y - SCENE.horizon) / CAMERA_CM;
  const lift = posture.stride === null ? 0 : Math.sin(posture.stride);
  const bob = posture.stride === null ? 0 : -2.5 * Math.abs(Math.cos(posture.stride));
  const side = posture.view === "side-left" || posture.view === "side-right";
  const body = side
    ? fromTheSide(lift)
    : posture.view === "front"
      ? fromTheFront(posture, lift)
      : fromBehind(lift);
  const mirror = posture.view === "side-right" ? -1 : 1;
  return `<g transform="translate(${posture.x} ${posture.y}) scale(${scale * mirror} ${scale})">
<ellipse cy="-1" rx="32" ry="5" fill="#000" opacity=".22"/><g transform="translate(0 ${bob})">${body}</g></g>
${side ? fenceSvg() : ""}`;
}

/** Both legs of somebody who comes nearer or goes away: the raised foot is higher and its knee bends. */
function legs(lift: number): string {
  const leg = (x: number, raised: number, color: string) => {
    const foot = -4 - raised * 13;
    return `<path d="M${x} -84L${x + raised * 2} ${-44 - raised * 7}L${x} ${foot - 4}" stroke="${color}" stroke-width="17"
stroke-linejoin="round" stroke-linecap="round" fill="none"/><ellipse cx="${x}" cy="${foot}" rx="10" ry="7" fill="${SHOES}"/>`;
  };
  return leg(-10, Math.max(0, lift), TROUSERS_SHADE) + leg(10, Math.max(0, -lift), TROUSERS);
}

const arm = (points: string, color: string) =>
  `<path d="M${points}" stroke="${color}" stroke-width="13" stroke-linecap="round" stroke-linejoin="round" fill="none"/>`;
const hand = (x: number, y: number, r = 6) => `<circle cx="${x}" cy="${y}" r="${r}" fill="${SKIN}"/>`;

function fromTheFront({ reach, tilt }: Posture, lift: number): string {
  const swing = lift * 6;
  const hx = 33 + reach * 15;
  const hy = -78 - reach * 48 + swing;
  return `${legs(lift)}
<path d="M-25 -140Q0 -152 25 -140L23 -78Q0 -72 -23 -78Z" fill="${JACKET}"/>
<path d="M0 -146V-75" stroke="${JACKET_SHADE}" stroke-width="2"/>
<rect x="-6" y="-156" width="12" height="14" fill="#ad7654"/><path d="M-9 -146L0 -136L9 -146" fill="#fff"/>
<g transform="rotate(${tilt} 0 -152) translate(${tilt * 0.3} 0)">
  <ellipse cy="-163" rx="12.5" ry="15" fill="${SKIN}"/>
  <path d="M-14 -166Q-13 -182 0 -182Q13 -182 14 -166Z" fill="#2f6f8f"/><path d="M-15 -166Q0 -173 15 -166Q0 -162 -15 -166Z" fill="#235570"/>
  <g fill="#33261e"><circle cx="-4.6" cy="-160" r="1.5"/><circle cx="4.6" cy="-160" r="1.5"/></g>
  <path d="M-4 -153Q0 -150 4 -153" stroke="#7c4a35" stroke-width="1.6" fill="none"/>
</g>
${arm("-26 -134L-33 -108L-22 -96", JACKET_SHADE)}
<rect x="-34" y="-112" width="36" height="30" rx="2" fill="#c49a63"/><path d="M-34 -98H2" stroke="#e8d9b8" stroke-width="4"/>
<path d="M-16 -112V-104" stroke="#a57e4d" stroke-width="5"/>${hand(-20, -88)}
${arm(`26 -134L${34 + reach * 6} ${-106 - reach * 4}L${hx} ${hy}`, JACKET_SHADE)}${hand(hx, hy - 3, 6 + reach * 3)}`;
}

function fromBehind(lift: number): string {
  const swing = lift * 6;
  return `${legs(-lift)}
${arm(`-26 -134L-33 -106L-31 ${-78 - swing}`, JACKET_SHADE)}${hand(-31, -75 - swing)}
${arm(`26 -134L33 -106L31 ${-78 + swing}`, JACKET_SHADE)}${hand(31, -75 + swing)}
<path d="M-25 -140Q0 -152 25 -140L23 -78Q0 -72 -23 -78Z" fill="${JACKET}"/>
<rect x="-17" y="-136" width="34" height="46" rx="9" fill="#3d5a45"/><rect x="-12" y="-112" width="24" height="18" rx="4" fill="#4c6f56"/>
<ellipse cy="-161" rx="12.5" ry="15" fill="#5b4030"/>
<path d="M-14 -160Q-14 -182 0 -182Q14 -182 14 -160Q0 -156 -14 -160Z" fill="#2f6f8f"/>`;
}

function fromTheSide(lift: number): string {
  const leg = (x: number, color: string) =>
    `<path d="M0 -84L${x * 0.55 - 3} -44L${x} -8" stroke="${color}" stroke-width="16" stroke-linecap="round"
stroke-linejoin="round" fill="none"/><ellipse cx="${x - 5}" cy="-5" rx="12" ry="6" fill="${SHOES}"/>`;
  return `${leg(-lift * 24, TROUSERS_SHADE)}${leg(lift * 24, TROUSERS)}
<path d="M-14 -140Q2 -150 15 -138L16 -78Q0 -72 -14 -78Z" fill="${JACKET}"/>
<rect x="11" y="-134" width="14" height="42" rx="6" fill="#3d5a45"/>
<ellipse cx="-2" cy="-162" rx="12" ry="15" fill="${SKIN}"/>
<path d="M-15 -164Q-14 -182 0 -182Q13 -181 12 -162Z" fill="#2f6f8f"/><path d="M-14 -167L-25 -163L-14 -163Z" fill="#235570"/>
${arm("0 -134L2 -108L-16 -98", JACKET_SHADE)}<rect x="-38" y="-114" width="26" height="26" rx="2" fill="#c49a63"/>${hand(-17, -92)}`;
}
